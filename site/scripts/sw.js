/**
 * The service worker. `version` and `core` are set by the build: a hash of all files, and the files of the pages.
 * Pages come from the network first, so that a new version is seen at once; files whose name holds a hash come from
 * the cache first. Without a network everything comes from the cache.
 */
const version = '{{version}}';
const core = '{{core}}'.split(' ');
const cacheName = `unbraid-${version}`;

/** The response with the headers that a page needs for memory shared between threads. */
function isolated(response) {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

async function fromNetwork(request, cache) {
  const response = await fetch(request);
  if (response.ok) await cache.put(request.url.split('?')[0], response.clone());
  return response;
}

async function answer(request) {
  const cache = await caches.open(cacheName);
  const url = request.url.split('?')[0];
  const kept = await cache.match(url);
  if (kept && /\/(app|assets)\//.test(url)) return isolated(kept);
  try {
    return isolated(await fromNetwork(request, cache));
  } catch (error) {
    if (kept) return isolated(kept);
    throw error;
  }
}

self.addEventListener('install', (event) => {
  const all = core.map((path) => new URL(path, self.registration.scope).href);
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(all))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const removeOld = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith('unbraid-') && name !== cacheName) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(removeOld());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === self.location.origin) {
    event.respondWith(answer(request));
  }
});

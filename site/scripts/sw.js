/**
 * The service worker. The build writes into it `version` (a hash of all files), `core` (path and SHA-256 of each file
 * that the pages need without a network), `headers` (a static host does not send them) and `policies` (of single pages).
 *
 * A version is stored whole or not at all, in a cache of its own. Pages come from the network first, so that one
 * reload shows a new version. The names of scripts hold a hash of their content, so any cache may answer for them.
 * The worker of a new version waits while other tabs are open, because those of the old one may still load its files.
 */
const { version, core, headers, policies } = JSON.parse(`{{build}}`);

// Another site on the same origin has caches, too.
const prefix = `unbraid:${self.registration.scope}:`;
const cacheName = prefix + version;
/** An entry that is stored last: a cache without it is not whole. */
const complete = new URL('complete', self.registration.scope).href;
const mostReadPages = 50;

const addressOf = (path) => new URL(path, self.registration.scope).href;
const coreAddresses = new Set(core.map(([path]) => addressOf(path)));
/** One address of a file: without query and fragment, and a folder instead of its index.html. */
const fileOf = (url) => url.split(/[?#]/)[0].replace(/\/index\.html$/, '/');
const isHashed = (url) => /\/(app|assets)\//.test(url);
const isDocumentation = (url) => /(\.html|\/)$/.test(url) && !coreAddresses.has(url);

function withHeaders(response, url) {
  if (response.type === 'opaqueredirect' || response.status === 0) return response;
  const all = new Headers(response.headers);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  const own = Object.keys(policies).find((path) => addressOf(path) === url);
  if (own) all.set('Content-Security-Policy', policies[own]);
  const { status, statusText } = response;
  return new Response(status === 204 || status === 304 ? null : response.body, { status, statusText, headers: all });
}

/** Stores a file if it has the content that belongs to this version: a host may still send the old one. */
async function store(cache, [path, sha256]) {
  const url = addressOf(path);
  const response = await fetch(url, { cache: isHashed(url) ? 'default' : 'reload' });
  const bytes = await response.clone().arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (!response.ok || found !== sha256) throw new Error(`sw: ${path} must be that of version ${version}`);
  await cache.put(url, response);
}

/** Complete caches of this site, the newest first. */
async function completeCaches() {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix)).reverse();
  const opened = await Promise.all(names.map((name) => caches.open(name)));
  const whole = await Promise.all(opened.map((cache) => cache.match(complete)));
  return opened.filter((_, i) => whole[i]);
}

/** Stores again, in this version, the pages of the documentation that were read in the last one. */
async function storeReadPages(cache, old) {
  const urls = (await old.keys()).map(({ url }) => url).filter(isDocumentation);
  for (const url of urls.slice(-mostReadPages)) {
    const response = await fetch(url, { cache: 'reload' });
    if (!response.ok) continue;
    const text = await response.clone().text();
    const parts = [...text.matchAll(/(?:src|href)="([^"]+\.(?:js|css|svg|woff2))"/g)].map(([, path]) => path);
    const needed = new Set(parts.map((path) => new URL(path, url).href));
    await cache.addAll([...needed].filter((part) => !coreAddresses.has(part)));
    await cache.put(url, response);
  }
}

async function install() {
  const [old] = await completeCaches();
  const cache = await caches.open(cacheName);
  // The host went back to the version that is in use.
  if (await cache.match(complete)) return;
  try {
    await Promise.all(core.map((file) => store(cache, file)));
    // A page that cannot be stored again is stored when it is read.
    if (old) await storeReadPages(cache, old).catch(() => {});
    await cache.put(complete, new Response(version));
  } catch (error) {
    await caches.delete(cacheName);
    throw error;
  }
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(prefix) && name !== cacheName) await caches.delete(name);
  }
  await self.clients.claim();
}

async function stored(url) {
  for (const cache of await completeCaches()) {
    const response = await cache.match(url);
    if (response) return response;
  }
  return undefined;
}

/** Keeps what was read of the documentation. The pages are in the cache already, all of one version. */
async function keepRead(url, response) {
  const [cache] = await completeCaches();
  if (cache) await cache.put(url, response);
}

const missing = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not available without a network</title>
<body><h1>Not available without a network</h1><p>This page was not read before. Connect to a network and load it again,
or open <a href="${self.registration.scope}">the first page</a>, which is stored.</p></body></html>`;

async function answer(event) {
  const { request } = event;
  const url = fileOf(request.url);
  const kept = isHashed(url) ? await stored(url) : undefined;
  if (kept) return withHeaders(kept, url);
  try {
    const isPage = request.mode === 'navigate';
    // The browser's own cache could hold a file of the old version.
    const response = await fetch(isPage || isHashed(url) ? request : new Request(request, { cache: 'no-cache' }));
    if (!coreAddresses.has(url) && response.ok && response.type === 'basic') {
      event.waitUntil(keepRead(url, response.clone()).catch(() => {}));
    }
    return withHeaders(response, url);
  } catch (error) {
    const offline = await stored(url);
    if (offline) return withHeaders(offline, url);
    if (request.mode !== 'navigate') throw error;
    const type = { 'Content-Type': 'text/html; charset=utf-8' };
    return withHeaders(new Response(missing, { status: 503, headers: type }), url);
  }
}

/**
 * A page asks when it is loaded and a version waits. It is of that version, so only other tabs can be of an old one.
 * The browser can list the page before it, or a tab that was closed, for a moment.
 *
 * @param asking id of the page that asks
 */
async function activateIfAlone(asking) {
  for (let attempt = 0; attempt < 10; attempt++) {
    const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
    if (tabs.every(({ id }) => id === asking)) {
      await self.skipWaiting();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

self.addEventListener('message', (event) => {
  if (event.data === 'activate-if-alone') event.waitUntil(activateIfAlone(event.source.id));
});
self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method === 'GET' && url.startsWith(self.registration.scope)) event.respondWith(answer(event));
});

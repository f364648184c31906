/**
 * Registers the service worker, which keeps the pages for use without a network and adds the headers that shared
 * memory needs where the server does not send them. A page gets them from its next load on.
 */
async function register(): Promise<void> {
  const script = new URL(/* @vite-ignore */ '../sw.js', import.meta.url);
  try {
    // The browser's own cache could hold the worker of an old version.
    const { waiting } = await navigator.serviceWorker.register(script, { updateViaCache: 'none' });
    waiting?.postMessage('activate-if-alone');
  } catch (error) {
    // Pages work without it: on one thread, and only with a network.
    console.warn('unbraid: the service worker was not registered:', error);
  }
}

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  // It loads all files of all pages, which would delay those of this page.
  if (document.readyState === 'complete') void register();
  else addEventListener('load', () => void register(), { once: true });
}

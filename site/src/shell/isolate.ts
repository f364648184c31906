/**
 * Registers the service worker, which keeps the pages for use without a network and adds the two headers that shared
 * memory needs where the server does not send them. A page gets them from its next load on.
 */
if ('serviceWorker' in navigator && import.meta.env.PROD) {
  navigator.serviceWorker.register(new URL(/* @vite-ignore */ '../sw.js', import.meta.url)).catch((error: unknown) => {
    // Pages work without it: on one thread, and only with a network.
    console.warn('unbraid: the service worker was not registered:', error);
  });
}

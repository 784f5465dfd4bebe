// Keeps every file of the page once it was loaded, so that the page works offline.

const CACHE = "expressions-VERSION";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("expressions-") && name !== CACHE).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const isOurs = new URL(event.request.url).origin === self.location.origin;
  if (isOurs && event.request.method === "GET") event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  // Not what the browser kept of an earlier version.
  const response = await fetch(request, { cache: "no-cache" });
  // Where there is no room to keep it, the page works all the same.
  if (response.status === 200) await cache.put(request, response.clone()).catch(() => {});
  return response;
}

// Keeps the till's page and its files, so that the till opens without network. Holds no coupon.
const KEPT = "counter-1";

const keep = async ({ page, files }) => {
  const cache = await caches.open(KEPT);
  const wanted = new Set([page, ...files].map((file) => new URL(file, self.location.origin).href));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  const answer = await fetch(page, { redirect: "error" });
  if (answer.ok) await cache.put(page, answer);
  for (const file of wanted) if (!(await cache.match(file))) await cache.add(file);
};

const pageFirst = async (request) => {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(KEPT)).match(new URL(request.url).pathname);
    if (kept) return kept;
    throw error;
  }
};

const keptFirst = async (request) => (await (await caches.open(KEPT)).match(request)) ?? fetch(request);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keep(event.data).catch(() => {})));
self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && pathname === "/seller/counter") event.respondWith(pageFirst(event.request));
  else if (pathname.startsWith("/static/")) event.respondWith(keptFirst(event.request));
});

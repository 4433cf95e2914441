// The till's camera, and what happens to a code: sent at once, or kept while there is no network.
const script = document.getElementById("till-script");
const { offline: source, pack, send, worker, icons, engine } = script.dataset;
const byId = (id) => document.getElementById(id);
const offline = await import(source);
const urls = { pack, send };
const won = (amount) => `${amount.toLocaleString("ko-KR")}원`;
const PATIENCE = 5_000;
const TRY_EVERY = 10_000;
let scanner = null;
let seen = null;
// The same refused code stays before the camera for a while: it is not asked about again.
let refused = "";
let isReachable = navigator.onLine;

// A phone with a signal may still reach nobody; only an answer of ours says that we are connected.
const look = async () => {
  isReachable =
    navigator.onLine && (await fetch(pack, { signal: AbortSignal.timeout(PATIENCE) }).then(() => true, () => false));
  showState();
  return isReachable;
};

const say = (id, text) => {
  byId(id).textContent = text;
  byId(id).hidden = !text;
};

const showState = () => {
  const isOnline = isReachable && navigator.onLine;
  byId("till-state").textContent = isOnline ? "연결됨" : "연결 끊김";
  byId("till-state").className = `tag ${isOnline ? "ok" : "warn"}`;
  const waiting = offline.queue();
  byId("queue").hidden = !waiting.length;
  byId("queue-said").textContent = `보내지 못한 사용 ${waiting.length}건 · ${won(offline.total(waiting))}`;
  byId("queue-send").hidden = !isOnline;
};

const showStep = (isOffline) => {
  byId("scan-step").hidden = isOffline;
  byId("offline-step").hidden = !isOffline;
  byId("offline-form").hidden = !isOffline;
};

const beginOffline = async (text) => {
  try {
    seen = await offline.read(text);
    const isInParts = seen.kind === "stored_value";
    byId("offline-label").textContent = isInParts ? "쓸 금액" : "구매 금액";
    byId("offline-amount").value = "";
    say("offline-said", isInParts ? `지금 ${won(seen.most)}까지 받을 수 있습니다.` : `할인 ${won(seen.most)}까지`);
    showStep(true);
    byId("offline-amount").focus();
  } catch (error) {
    refused = text;
    say("cam-said", error.message);
    await startCamera();
  }
};

const found = async (text) => {
  if (text === refused) return;
  scanner?.stop();
  if (!(await look())) {
    await beginOffline(text);
    return;
  }
  byId("scanned").value = text;
  byId("scan-form").requestSubmit();
};

// Phones are held anywhere before the camera, and a signed QR is dense.
const wholeSquare = ({ videoWidth, videoHeight }) => {
  const side = Math.min(videoWidth, videoHeight);
  const x = Math.round((videoWidth - side) / 2);
  const y = Math.round((videoHeight - side) / 2);
  return { x, y, width: side, height: side, downScaledWidth: 640, downScaledHeight: 640 };
};

const startCamera = async () => {
  if (!window.QrScanner) return;
  try {
    byId("cam").hidden = false;
    scanner ??= new window.QrScanner(byId("camera"), ({ data }) => found(data), {
      returnDetailedScanResult: true,
      preferredCamera: "environment",
      maxScansPerSecond: 8,
      calculateScanRegion: wholeSquare,
    });
    await scanner.start();
  } catch {
    byId("cam").hidden = true;
    say("cam-said", "카메라를 쓸 수 없습니다. 카메라를 허용하거나 번호로 넣어 주세요.");
  }
};

const sendQueue = async () => {
  if (!offline.queue().length) return;
  try {
    const results = await offline.send(urls);
    const refused = results.filter((result) => result.outcome === "refused");
    const bad = refused.map((result) => `${won(result.amount)}: ${result.text}`).join(" ");
    say("sent-said", `${results.length}건을 보냈습니다.${bad ? ` 받지 않은 것이 있습니다. ${bad}` : ""}`);
  } catch (error) {
    say("sent-said", `보내지 못했습니다. ${error.message}`);
  }
  showState();
};

const keepPage = async () => {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(worker, { scope: "/seller/counter" });
  const { active } = await navigator.serviceWorker.ready;
  const files = [...document.querySelectorAll("link[rel=stylesheet], script[src]")].map((item) => item.href || item.src);
  active.postMessage({ page: location.pathname, files: [...files, source, icons, engine] });
};

byId("hand-form").addEventListener("submit", (event) => {
  if (navigator.onLine) return;
  event.preventDefault();
  say("cam-said", "연결이 끊겨 번호로는 받을 수 없습니다. 손님 휴대전화의 QR을 비춰 주세요.");
});
byId("offline-form").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    const use = offline.take(seen, Number(byId("offline-amount").value.replace(/\D/g, "")) || 0);
    byId("offline-form").hidden = true;
    say("offline-said", `${won(use.amount)} 쿠폰을 받아 두었습니다. 연결되면 보냅니다.`);
  } catch (error) {
    say("offline-said", error.message);
  }
  showState();
});
byId("offline-back").addEventListener("click", () => {
  refused = seen?.qr ?? "";
  showStep(false);
  startCamera();
});
byId("queue-send").addEventListener("click", sendQueue);
window.addEventListener("online", async () => {
  if (await look()) await sendQueue();
});
window.addEventListener("offline", showState);

// A signal that comes and goes says nothing when it is back.
setInterval(async () => {
  if (isReachable && !offline.queue().length) return;
  if (await look()) await sendQueue();
}, TRY_EVERY);

showState();
await startCamera();
if (await look()) {
  await offline.refreshPack(pack).catch(() => {});
  await keepPage().catch(() => {});
  await sendQueue();
}

// A till without network: checks a phone's QR by our signature, keeps uses in a queue, sends them later.
const PACK = "counter.pack";
const QUEUE = "counter.queue";
const LAST = "counter.last";

const load = (name, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
};
const store = (name, value) => localStorage.setItem(name, JSON.stringify(value));

export const queue = () => load(QUEUE, []);
export const total = (uses) => uses.reduce((sum, use) => sum + use.amount, 0);

export const refreshPack = async (url) => {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error("no pack");
  const pack = await answer.json();
  store(PACK, { device: pack.device, keys: pack.keys ?? [], versions: pack.versions ?? [] });
  return pack;
};

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const isSigned = async (message, signature, keys) => {
  for (const key of keys) {
    const known = await crypto.subtle.importKey("jwk", key, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const rule = { name: "ECDSA", hash: "SHA-256" };
    if (await crypto.subtle.verify(rule, known, bytes(signature), new TextEncoder().encode(message))) return true;
  }
  return false;
};

const refuse = (text) => {
  throw new Error(text);
};

// What a phone's QR is worth here and now, or an Error whose message is for the cashier.
export const read = async (qr) => {
  const pack = load(PACK, null);
  if (!pack?.device) refuse("연결 없이 받으려면 먼저 이 기기를 등록해야 합니다.");
  if (!pack.device.cap) refuse("이 기기는 연결 없이 받을 수 있는 한도가 없습니다. 구청에 요청해 주세요.");
  const parts = qr.split(":");
  if (qr.startsWith("SNR1:P:")) refuse("종이 쿠폰은 인터넷이 연결된 뒤에 받아 주세요.");
  if (parts.length !== 5 || !qr.startsWith("SNR1:T:")) refuse("우리 쿠폰이 아닙니다.");
  const signature = parts.pop();
  if (!(await isSigned(parts.join(":"), signature, pack.keys))) refuse("확인되지 않은 쿠폰입니다.");
  const [coupon, version, kind, most, rate, unit, min, until] = parts[3].split(".").map((part) =>
    /^\d+$/.test(part) ? Number(part) : part,
  );
  if (Date.now() >= until * 1000) refuse("QR 유효 시간이 지났습니다. 새로 뜬 QR을 찍어 주세요.");
  if (!pack.versions.includes(version)) refuse("우리 가게에서 받지 않는 쿠폰입니다.");
  const waiting = queue();
  const before = total(waiting.filter((use) => use.coupon === coupon));
  if (before && kind !== "stored_value") refuse("이미 받은 쿠폰입니다.");
  const room = pack.device.cap - total(waiting);
  return { qr, coupon, kind, most: Math.min(most - before, room), rate, unit, min };
};

// Queue a use and return what was taken, or an Error for the cashier.
export const take = (seen, typed) => {
  const isInParts = seen.kind === "stored_value";
  if (!typed) refuse("금액을 넣어 주세요.");
  if (typed < seen.min) refuse(`${seen.min.toLocaleString("ko-KR")}원 이상 살 때 쓸 수 있습니다.`);
  const earned = seen.kind === "percent" ? Math.floor((typed * seen.rate) / 10_000 / seen.unit) * seen.unit : seen.most;
  const amount = isInParts ? typed : Math.min(earned, seen.most, typed);
  if (amount > seen.most || amount < 1) refuse(`지금 받을 수 있는 금액은 ${seen.most.toLocaleString("ko-KR")}원까지입니다.`);
  // One number of its own for every use of this device: two devices with the same one are a clone.
  const key = load(LAST, 0) + 1;
  store(LAST, key);
  const use = { key: String(key), qr: seen.qr, amount, purchase: isInParts ? null : typed, at: Date.now(), coupon: seen.coupon };
  store(QUEUE, [...queue(), use]);
  return use;
};

// Send what waits; whatever was answered leaves the queue. Sent twice, the server keeps it once.
export const send = async (urls) => {
  const waiting = queue().slice(0, 100);
  if (!waiting.length) return [];
  const pack = await refreshPack(urls.pack);
  const form = new FormData();
  form.set("csrf_token", pack.csrf);
  form.set("batch", JSON.stringify(waiting.map(({ key, qr, amount, purchase, at }) => ({ key, qr, amount, purchase, at }))));
  const answer = await fetch(urls.send, { method: "POST", body: form });
  const told = await answer.json();
  if (!answer.ok) refuse(told.message);
  const done = new Set(told.results.map((result) => result.key));
  store(QUEUE, queue().filter((use) => !done.has(use.key)));
  return told.results;
};

// Runs in a Flow of Directus, whose sandbox has no crypto: names the users that
// changed, and signs the message with HMAC-SHA256 over "timestamp.body".
// No two curly brackets may touch: Directus would take them for a template.
const SECRET = "__SECRET__";
const MOST_KEYS = 1000;
const TELLING = ["email", "password", "role", "status"];
const BLOCK = 64;

module.exports = function (data) {
  const trigger = data.$trigger;
  const keys = trigger.keys || [];
  const message = {
    id: String(Math.random()).slice(2),
    event: trigger.event,
    keys: keys.slice(0, MOST_KEYS),
    more: keys.length > MOST_KEYS,
    fields: changedFields(trigger.payload),
  };
  const body = JSON.stringify(message);
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { body, timestamp, signature: hmac(SECRET, timestamp + "." + body) };
};

// Names alone: a payload holds passwords as they were typed.
function changedFields(payload) {
  if (Array.isArray(payload) || payload === null || typeof payload !== "object") return [];
  return TELLING.filter((name) => Object.hasOwn(payload, name));
}

function hmac(secret, text) {
  let key = bytesOf(secret);
  if (key.length > BLOCK) key = sha256(key);
  while (key.length < BLOCK) key.push(0);
  const inner = sha256(key.map((byte) => byte ^ 0x36).concat(bytesOf(text)));
  const outer = sha256(key.map((byte) => byte ^ 0x5c).concat(inner));
  return outer.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(text) {
  return Array.from(unescape(encodeURIComponent(text)), (letter) => letter.charCodeAt(0));
}

function sha256(bytes) {
  const { rounds, start } = constants();
  const state = start.slice();
  const padded = pad(bytes);
  for (let at = 0; at < padded.length; at += BLOCK) {
    compress(state, padded.slice(at, at + BLOCK), rounds);
  }
  return state.flatMap(bigEndian);
}

function pad(bytes) {
  const padded = bytes.concat([0x80]);
  while (padded.length % BLOCK !== BLOCK - 8) padded.push(0);
  const bits = bytes.length * 8;
  return padded.concat(bigEndian(Math.floor(bits / 2 ** 32)), bigEndian(bits | 0));
}

function bigEndian(word) {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
}

// The fractions of the roots of the first primes, as FIPS 180-4 defines them.
function constants() {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime)) primes.push(n);
  }
  const fraction = (root) => ((root % 1) * 2 ** 32) | 0;
  return {
    rounds: primes.map((prime) => fraction(Math.cbrt(prime))),
    start: primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
  };
}

function compress(state, block, rounds) {
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const w = schedule(block, turn);
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] + word) | 0));
}

function schedule(block, turn) {
  const w = [];
  for (let i = 0; i < 16; i++) {
    const [first, second, third, fourth] = block.slice(4 * i, 4 * i + 4);
    w.push((first << 24) | (second << 16) | (third << 8) | fourth);
  }
  for (let i = 16; i < 64; i++) {
    const [x, y] = [w[i - 15], w[i - 2]];
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w.push((w[i - 16] + s0 + w[i - 7] + s1) | 0);
  }
  return w;
}

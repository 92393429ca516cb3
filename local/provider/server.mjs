// An OpenID provider for one's own machine: the protocol is real, the people are not.
// local/provider.py starts it and says by environment variables what it is to be.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';

// Packages lie in the folder where this runs, not beside this file.
const { Provider, errors } = createRequire(`${process.cwd()}/`)('oidc-provider');
const { NAME, ISSUER, SITE_URL, CLIENT_ID, CLIENT_SECRET, COOKIE_KEY, PEOPLE, KEYS } = process.env;
const REDIRECT_URIS = process.env.REDIRECT_URIS.split(' ');
const { hostname, port } = new URL(ISSUER);
const HOUR = 3600;
// The library adds the digest of the one script that it has, which sends a form.
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; frame-ancestors 'none'";

// Read at each use: tests add people to the file.
const people = () => new Map(Object.entries(JSON.parse(readFileSync(PEOPLE, 'utf8'))));

function signingKeys() {
  if (!existsSync(KEYS)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
    writeFileSync(KEYS, JSON.stringify({ keys: [key] }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(KEYS, 'utf8'));
}

// Pages

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { background: Canvas; color: CanvasText; max-width: 26rem; margin: 3rem auto; padding: 0 1rem }
a { color: inherit }
button { font: inherit; width: 100%; padding: .6rem .8rem; margin: .25rem 0; text-align: left;
  border: 1px solid #8886; border-radius: .5rem; background: none; color: inherit; cursor: pointer }
button:hover { background: #8882 }
button span, li span { display: block }
`;

const escaped = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} – ${escaped(NAME)}</title><link rel="stylesheet" href="/style.css"></head>
<body><header>${escaped(NAME)}</header><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;

const described = ({ given_name, family_name, email, about }) =>
  `<strong>${escaped(`${given_name} ${family_name}`)}</strong>` +
  [email, about].filter(Boolean).map((text) => `<span>${escaped(text)}</span>`).join('');

function homePage() {
  const rows = [...people().values()].map((person) => `<li>${described(person)}</li>`);
  return page('People', `<p>Choose one of them when you sign in at <a href="${escaped(SITE_URL)}">the site</a>.
There are no passwords.</p><ul>${rows.join('')}</ul>
<p>The choice is kept: <a href="/session/end">sign out of ${escaped(NAME)}</a> to choose another person.</p>`);
}

function signInPage(uid) {
  const rows = [...people()].map(
    ([sub, person]) => `<button name="sub" value="${escaped(sub)}">${described(person)}</button>`,
  );
  return page('Choose a person', `<form method="post" action="/interaction/${escaped(uid)}">
${rows.join('')}<hr><button name="cancel" value="1">Cancel</button></form>`);
}

const signOutPage = (form) => page('Sign out', `${form}<p>Sign out of ${escaped(NAME)}?</p>
<button form="op.logoutForm" name="logout" value="yes">Yes, sign out</button>
<button form="op.logoutForm">No, stay signed in</button>`);

const signedOutPage = () => page('You are signed out', `<p><a href="${escaped(SITE_URL)}">Back to the site</a></p>`);

const errorPage = (why) => page('That did not work', `<p>${escaped(why)}</p>
<p><a href="${escaped(SITE_URL)}">Back to the site</a></p>`);

// The protocol

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: REDIRECT_URIS,
      post_logout_redirect_uris: [`${SITE_URL}/`, `${SITE_URL}/login/`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
  // Several checkouts share one host, and so its cookies.
  cookies: {
    keys: [COOKIE_KEY],
    names: { interaction: `interaction-${port}`, resume: `resume-${port}`, session: `session-${port}` },
  },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      logoutSource: (ctx, form) => { ctx.body = signOutPage(form); },
      postLogoutSuccessSource: (ctx) => { ctx.body = signedOutPage(); },
    },
  },
  findAccount(ctx, sub) {
    const person = people().get(sub);
    return person && { accountId: sub, claims: () => ({ sub, ...person }) };
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (ctx, client, code) => Boolean(people().get(code.accountId)?.has_refresh_token),
  jwks: signingKeys(),
  // The only client is the site's Directus: there is nothing to allow.
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({
      accountId: ctx.oidc.session.accountId,
      clientId: ctx.oidc.client.clientId,
    });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
  pkce: { required: () => true },
  renderError(ctx, out) {
    ctx.type = 'html';
    ctx.body = errorPage(out.error_description ?? out.error);
  },
  ttl: {
    AccessToken: HOUR, AuthorizationCode: 60, Grant: 24 * HOUR, IdToken: HOUR,
    Interaction: HOUR, RefreshToken: 24 * HOUR, Session: 24 * HOUR,
  },
});

async function formOf(request) {
  const chunks = await request.toArray();
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

async function interact(request, response) {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') return response.end(signInPage(uid));
  const form = await formOf(request);
  const sub = form.get('sub');
  const result = people().has(sub)
    ? { login: { accountId: sub } }
    : { error: 'access_denied', error_description: 'The person pressed Cancel.' };
  return provider.interactionFinished(request, response, result);
}

// What ends a request of a page that is no longer known, or of a person since removed.
function refuse(response, error) {
  const isOld = error instanceof errors.SessionNotFound;
  if (!isOld) console.error(error);
  response.statusCode = isOld ? 400 : 500;
  response.end(errorPage(isOld ? 'This page is too old. Start again at the site.' : 'This is a defect.'));
}

const protocol = provider.callback();

function answer(request, response) {
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Referrer-Policy', 'no-referrer');
  if (request.url === '/style.css') {
    return response.setHeader('Content-Type', 'text/css').end(STYLE);
  }
  const isPerson = request.url === '/' || request.url.startsWith('/interaction/');
  if (!isPerson) return protocol(request, response);
  response.setHeader('Content-Type', 'text/html; charset=utf-8').setHeader('Cache-Control', 'no-store');
  if (request.url === '/') return response.end(homePage());
  return interact(request, response).catch((error) => refuse(response, error));
}

http.createServer(answer).listen(Number(port), hostname);

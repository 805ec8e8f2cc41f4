// A real OpenID provider (oidc-provider) on 127.0.0.1, as a firm might run one. Says where it listens on its first line.
// POST /_rotate?keep=yes|no signs with a new key from now on; the old one stays published, or is withdrawn.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const [, , audience, alg] = process.argv;
const kinds = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const newKey = () => ({ ...kinds[alg]().privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg });
const idTokenKey = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: 'id' };

function provider(issuer, keys) {
  const made = new Provider(issuer, {
    jwks: { keys: [...keys, idTokenKey] },
    clients: [
      { client_id: 'console', client_secret: 'a-secret-of-the-test', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
      { client_id: 'gateway', client_secret: 'another-of-the-test', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    ],
    scopes: ['notes:read', 'notes:write'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true },
      revocation: { enabled: true },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'notes:read notes:write',
          audience,
          accessTokenTTL: 600,
          accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
          jwt: { sign: { alg } },
        }),
      },
    },
  });
  return made.callback();
}

let keys = [newKey()];
let answer;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url.startsWith('/_rotate')) {
    keys = request.url.includes('keep=yes') ? [newKey(), ...keys] : [newKey()];
    answer = provider(issuer(), keys);
    response.end();
  } else {
    answer(request, response);
  }
});
const issuer = () => `http://127.0.0.1:${server.address().port}`;
server.listen(0, '127.0.0.1', () => {
  answer = provider(issuer(), keys);
  console.log(issuer());
});

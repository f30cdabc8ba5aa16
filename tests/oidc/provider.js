// A certified OpenID provider with two clients. Whoever logs in is who they say, with any password.
// node provider.js PORT REDIRECT_URI CLIENT_ID CLIENT_SECRET

import { Provider } from 'oidc-provider';

const [port, redirectUri, clientId, clientSecret] = process.argv.slice(2);

const client = (id) => ({
  client_id: id,
  client_secret: clientSecret,
  redirect_uris: [redirectUri],
  token_endpoint_auth_method: 'client_secret_post',
});

const claimsOf = (sub) => ({
  sub,
  email: `${sub}@example.test`,
  email_verified: true,
  name: `Somebody named ${sub}`,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client(clientId), client('another-client')],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // As the providers that we are for do it: the claims are in the ID token.
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true } },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claimsOf(sub) }),
  pkce: { required: () => true },
});

provider.listen(Number(port), '127.0.0.1');

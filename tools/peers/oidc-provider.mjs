// An OpenID Connect provider (npm oidc-provider, whose author certifies it with the OpenID Foundation), for tests of signing in.
// Whoever login_hint names is signed in and agrees. ISSUER is the address that it goes by, KEY the name of its signing key: a start
// with another one is a provider that has changed its keys. Clients: "jingwei" and "another", secrets as long as they must be.
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

import Provider from 'oidc-provider'

const { ISSUER, KEY, KEYS, PORT = '0', REDIRECT } = process.env
const file = `${KEYS}/${KEY}.pem`
if (!existsSync(file)) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }))
}
const jwk = { ...createPrivateKey(readFileSync(file)).export({ format: 'jwk' }), kid: KEY, use: 'sig', alg: 'RS256' }

const client = (id) => ({
  client_id: id,
  client_secret: `${id}-secret-of-thirty-two-characters`,
  redirect_uris: [REDIRECT],
  grant_types: ['authorization_code'],
  response_types: ['code'],
})
const provider = new Provider(ISSUER, {
  clients: [client('jingwei'), client('another')],
  jwks: { keys: [jwk] },
  cookies: { keys: ['a key of a test'] },
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} of the province`, email: 'admin@example.cn', email_verified: true }),
  }),
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    })
    grant.addOIDCScope('openid profile email')
    await grant.save()
    return grant
  },
})

const answer = provider.callback()
const server = createServer(async (req, res) => {
  if (!req.url.startsWith('/interaction/')) return answer(req, res)
  try {
    const { params } = await provider.interactionDetails(req, res)
    const result =
      params.login_hint === 'nobody'
        ? { error: 'access_denied', error_description: 'nobody agreed' }
        : { login: { accountId: params.login_hint } }
    await provider.interactionFinished(req, res, result)
  } catch (e) {
    res.statusCode = 500
    res.end(String(e))
  }
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`ready: 127.0.0.1:${server.address().port}`))
process.stdin.on('end', () => process.exit(0)).resume()

// Package snms speaks the enterprise interface of China's identifier system as enterprises' programs know it (SNMS, v3 and v5): a token for
// user and password, detail, create, update, delete, batches of up to 2,000, templates. It is a thin face of the registry: what it does is
// judged, committed and proved there.
//
// An account belongs to an organisation and acts in it. Its password is made by the node, 160 random bits, since the protocol needs
// SHA-256(password) kept to check what it calls v1 of the token. Where the documented interface repeats a request after a time-out
// ("already exists counts as success"), an equal create is answered as success and makes no further version.
//
// Source: teleinfo-dev/id-guide @096a519, docs/dev-tools/snms (Apache-2.0).
//
// Files: account.go (accounts and tokens), message.go (what goes over the wire), data.go, template.go (calls), handler.go.
package snms

// Package auth knows who calls and decides what they may do: people, sessions, API tokens, one-time links, and the
// node's certificate authority.
//
// # Tenancy: a query without an organisation does not compile
//
// Tenants are organisations. Every function that reads or changes a table of tenants takes a Scope, and only this package
// makes one, from the caller in the context:
//
//	func (s *Service) Machines(ctx context.Context, scope auth.Scope, …) {
//		q := scope.Where(s.db.NewSelect().Model(&rows), "m.org")
//
// A handler asks for its scope first and hands it down:
//
//	scope, err := auth.Allow(ctx, auth.Configure, in.Body.Org)  // one organisation: 401, 404 or 403
//	scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)   // a list with an optional ?org=
//	scope, err := auth.Visible(ctx, auth.Read)                  // a thing by its own id: another tenant's is not found
//
// A thing that is asked for by its own id and is then to be changed is looked up with Visible(Read) first and allowed
// with Allow(Configure, its organisation) second: what another tenant owns is 404 and never 403, and what one may see but
// not change is 403. The node's own work uses System(org), or Everywhere where it goes through all of them; neither may
// answer a caller.
//
// # Roles
//
// A person has roles in organisations; role.go is the whole table of which role may do what. Roles are inherited along
// ownership inside one legal enterprise and never by membership (package org). Whoever runs the node (an owner of its home
// organisation) has no role in its tenants and sees nothing of theirs. A token has one organisation and one role, and never
// manages people, tokens or organisations.
//
// A role may hold for a time only, under a mandate (mandate.go): it counts at every instant of that time and at no other, in
// sessions and in tokens that were made under it.
//
// # Ways in
//
// Login and password, a one-time link, a code sent to a phone (phone.go), and OpenID Connect (oidc.go). People may come by themselves
// where the node lets them (signup.go); they have no role anywhere and see nothing.
//
// # Secrets
//
// Passwords are hashed with Argon2id (password.go). Session cookies, tokens and links are 256 random bits and kept as
// SHA-256; codes as an HMAC under a challenge that only the browser holds. There is no default password or secret: the first start makes the administrator's one-time link. Sign-in is
// held back by login and address (throttle.go). Everything is audited.
//
// Sources: RFC 9106 (Argon2), NIST SP 800-63B-4 (passwords, sessions), OWASP ASVS 5.0 chapters 6 to 8, RFC 6265bis (__Host-
// cookies), OpenID Connect Core 1.0, RFC 6749, RFC 7636 (PKCE), RFC 9207 (iss), RFC 5280 and RFC 2986 (certificates and requests).
package auth

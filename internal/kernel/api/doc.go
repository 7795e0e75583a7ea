// Package api is the node's one HTTP door. Rooms register their operations on a Server; this package gives all of them
// the same manner:
//
//   - operations are Go types, from which the OpenAPI 3.1 document comes (huma v2 on net/http);
//   - errors are problems (package problem) answered as application/problem+json (RFC 9457) in zh or en;
//   - lists are paged by keyset, POST can be repeated safely with an Idempotency-Key, resources have ETags;
//   - live data is one stream of server-sent events per tab (Live), to which rooms add sources;
//   - who calls is known before an operation runs (package auth); an operation that is not Public needs somebody.
//
// A room has one method, `func (s *Service) Routes(a *api.Server)`, which calls Register for each operation and hands
// over the room's texts (Server.Texts). Nothing here knows a trade.
//
// Sources: RFC 9110 (HTTP), RFC 9457 (problem details), draft-ietf-httpapi-idempotency-key-header-07, W3C Trace Context,
// WHATWG HTML 9.2 (server-sent events), OWASP ASVS 5.0 chapters 3, 4 and 12.
package api

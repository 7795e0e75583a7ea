// Package resolver is a GS1-Conformant Resolver (GS1-Conformant Resolver Standard 1.2.0, of the family of ISO/IEC 18975): it answers
// Digital Link URIs under the node's own host with a redirect to what the owner of the thing has declared, or with the linkset (RFC
// 9264). Organisations keep links for things under GS1 Company Prefixes that the node's operator has entrusted to them. A set of links
// is never overwritten: each change is a further version, and is audited.
//
// A redirect goes only where a link says that was declared beforehand by the prefix's holder: http or https, with a host. What a
// request brings is passed on as query, never as target.
//
// Files: link.go (nouns and their checks), vocabulary.go (link types), ask.go and choose.go (what a request wants, which link it gets),
// linkset.go, page.go (for people), serve.go (HTTP), store.go, service.go, prefix.go, api.go, apiread.go.
package resolver

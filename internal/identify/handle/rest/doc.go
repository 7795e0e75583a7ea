// Package rest is the JSON interface of handle servers over HTTP, /api/handles and its neighbours, as CNRI's server has it:
// resolution, creation, change, removal, lists, prefixes, site, sessions; Basic authentication with a secret key, a challenge
// of its own, client certificates; CORS, and JSONP for what is public. Rights are the processor's (package server).
//
// Source: CNRI Handle.Net technical manual, version 9, chapter 14; pyhandle as its judge.
package rest

// Package account is the door of the kernel's own rooms: signing in and out, people and their roles, API tokens,
// organisations, the audit and the current conditions. The rooms themselves (auth, org, audit, condition) stand below the
// API and know nothing of HTTP; what each of them may answer to whom is decided here, with one scope per request.
package account

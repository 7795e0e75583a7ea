package auth

import "jingwei/internal/kernel/api/problem"

// What a caller may act on.
var (
	// ErrUnauthenticated: nobody is signed in, or the credential is wrong, expired or withdrawn.
	ErrUnauthenticated = problem.Define("unauthenticated", 401)
	// ErrForbidden: the thing is visible, but the caller's role lacks the verb.
	ErrForbidden = problem.Define("forbidden", 403)
	// ErrNotFound: no such thing, or one of another organisation; the two are never told apart.
	ErrNotFound = problem.NotFound

	ErrSignIn            = problem.Define("sign-in-failed", 401)       // login or password is wrong, or the person disabled
	ErrThrottled         = problem.Define("sign-in-throttled", 429)    // seconds
	ErrLink              = problem.Define("link-invalid", 401)         // unknown, used, expired or replaced
	ErrPasswordShort     = problem.Define("password-too-short", 422)   // min
	ErrPasswordLong      = problem.Define("password-too-long", 422)    // max
	ErrPasswordGuessable = problem.Define("password-guessable", 422)   //
	ErrPasswordWrong     = problem.Define("password-wrong", 422)       // the current one
	ErrLogin             = problem.Define("login-invalid", 422)        //
	ErrLoginTaken        = problem.Define("login-taken", 409)          //
	ErrName              = problem.Define("name-invalid", 422)         // max
	ErrRole              = problem.Define("role-unknown", 422)         // roles
	ErrShared            = problem.Define("person-shared", 403)        // has roles in organisations that the caller does not own
	ErrLastOwner         = problem.Define("last-owner", 409)           // of an organisation
	ErrDisabled          = problem.Define("person-disabled", 409)      // login
	ErrNotPerson         = problem.Define("person-only", 403)          // a token asked for what only a person may
	ErrExpiry            = problem.Define("token-expiry-invalid", 422) // days
	ErrCSR               = problem.Define("csr-invalid", 422)          // reason
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{
		ErrUnauthenticated, ErrForbidden, ErrSignIn, ErrThrottled, ErrLink, ErrPasswordShort, ErrPasswordLong,
		ErrPasswordGuessable, ErrPasswordWrong, ErrLogin, ErrLoginTaken, ErrName, ErrRole, ErrShared, ErrLastOwner,
		ErrDisabled, ErrNotPerson, ErrExpiry, ErrCSR,
	}
}

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
	ErrMandated          = problem.Define("role-by-mandate", 409)      // until; changed by renewing or revoking the mandate
	ErrRoleStands        = problem.Define("role-stands", 409)          // somebody has a role there already
	ErrSignUp            = problem.Define("sign-up-off", 403)          // this node takes nobody in by themselves, or not in this way

	ErrSMS       = problem.Define("sms-off", 404)          // no gateway is configured
	ErrPhone     = problem.Define("phone-invalid", 422)    //
	ErrPhoneHeld = problem.Define("phone-taken", 409)      // by somebody else
	ErrCodeSent  = problem.Define("code-not-sent", 503)    // the gateway did not take it
	ErrCode      = problem.Define("code-wrong", 401)       // left
	ErrCodeEnded = problem.Define("code-ended", 401)       // expired, used, tried too often, or never sent
	ErrNewcomer  = problem.Define("person-not-known", 409) // the number is proved, and nobody is known by it: a name is needed

	ErrProvider     = problem.Define("oidc-provider-unknown", 404) //
	ErrProviderDown = problem.Define("oidc-no-answer", 503)        // provider
	ErrOIDCState    = problem.Define("oidc-state", 401)            // unknown, used, expired, or of another browser
	ErrOIDCRefused  = problem.Define("oidc-refused", 401)          // provider, reason: it said no
	ErrOIDCToken    = problem.Define("oidc-token", 401)            // reason: its token does not hold
	ErrIdentityHeld = problem.Define("oidc-identity-taken", 409)   // by somebody else
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return []*problem.Kind{
		ErrUnauthenticated, ErrForbidden, ErrSignIn, ErrThrottled, ErrLink, ErrPasswordShort, ErrPasswordLong,
		ErrPasswordGuessable, ErrPasswordWrong, ErrLogin, ErrLoginTaken, ErrName, ErrRole, ErrShared, ErrLastOwner,
		ErrDisabled, ErrNotPerson, ErrExpiry, ErrCSR, ErrMandated, ErrRoleStands, ErrSignUp, ErrSMS, ErrPhone, ErrPhoneHeld,
		ErrCodeSent, ErrCode, ErrCodeEnded, ErrNewcomer, ErrProvider, ErrProviderDown, ErrOIDCState, ErrOIDCRefused, ErrOIDCToken,
		ErrIdentityHeld,
	}
}

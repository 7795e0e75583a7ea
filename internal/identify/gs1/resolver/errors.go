package resolver

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrSyntax      = problem.Define("gs1-syntax", 400)       // ai, position, length, rule, words, other
	ErrUnknown     = problem.Define("gs1-unknown", 404)      //
	ErrNoLink      = problem.Define("gs1-no-link", 404)      //
	ErrMethod      = problem.Define("gs1-method", 405)       // method
	ErrDescription = problem.Define("gs1-description", 422)  // what, max
	ErrCount       = problem.Define("gs1-links", 422)        // max
	ErrType        = problem.Define("gs1-link-type", 422)    //
	ErrTarget      = problem.Define("gs1-target", 422)       //
	ErrTitle       = problem.Define("gs1-title", 422)        // what, max
	ErrLanguage    = problem.Define("gs1-language", 422)     //
	ErrContext     = problem.Define("gs1-context", 422)      //
	ErrMedia       = problem.Define("gs1-media", 422)        //
	ErrDefault     = problem.Define("gs1-default", 422)      //
	ErrAttributes  = problem.Define("gs1-attributes", 422)   // ai
	ErrPrefix      = problem.Define("gs1-prefix", 422)       //
	ErrPrefixTaken = problem.Define("gs1-prefix-taken", 409) // prefix
	ErrNoPrefix    = problem.Define("gs1-no-prefix", 403)    // digits
	ErrNote        = problem.Define("gs1-note", 422)         // max
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrSyntax, ErrUnknown, ErrNoLink, ErrMethod, ErrDescription, ErrCount, ErrType, ErrTarget, ErrTitle, ErrLanguage, ErrContext, ErrMedia,
		ErrDefault, ErrAttributes, ErrPrefix, ErrPrefixTaken, ErrNoPrefix, ErrNote}
}

package api

import (
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"jingwei/internal/kernel/api/problem"
)

// rule maps one message of huma's validation to a kind with the message's arguments as attributes a, b.
type rule struct {
	kind    *problem.Kind
	pattern *regexp.Regexp
}

func fault(code string) *problem.Kind { return problem.Define(code, 422) }

var (
	faultMissing   = fault("field-missing")   // a: its name
	faultUnknown   = fault("field-unknown")   //
	faultType      = fault("field-type")      // a: the type wanted
	faultChoice    = fault("field-choice")    // a: the values allowed
	faultMin       = fault("field-too-small") // a: the bound
	faultMax       = fault("field-too-large") // a: the bound
	faultMultiple  = fault("field-multiple")  // a: of what
	faultShort     = fault("field-too-short") // a: characters, items or members
	faultLong      = fault("field-too-long")  // a: characters, items or members
	faultPattern   = fault("field-pattern")   // a: the pattern
	faultFormat    = fault("field-format")    // a: the format
	faultUnique    = fault("field-not-unique")
	faultDependent = fault("field-dependent") // a: missing, b: present
	faultOther     = fault("field-invalid")   // a: the words of the validator, in English
)

func validationKinds() []*problem.Kind {
	return []*problem.Kind{
		faultMissing, faultUnknown, faultType, faultChoice, faultMin, faultMax, faultMultiple, faultShort, faultLong,
		faultPattern, faultFormat, faultUnique, faultDependent, faultOther,
	}
}

// Missing is the fault of a field that is needed and was left out, for operations that find it out themselves.
func Missing(location string) *problem.Error {
	return faultMissing.At(location, nil).With("a", location[strings.LastIndexByte(location, '.')+1:])
}

// fixed are messages without arguments that say which type or format was wanted.
var fixed = map[string]*problem.Error{
	validation.MsgUnexpectedProperty:                   faultUnknown.With("a", ""),
	validation.MsgExpectedBoolean:                      faultType.With("a", "boolean"),
	validation.MsgExpectedNumber:                       faultType.With("a", "number"),
	validation.MsgExpectedInteger:                      faultType.With("a", "integer"),
	validation.MsgExpectedString:                       faultType.With("a", "string"),
	validation.MsgExpectedArray:                        faultType.With("a", "array"),
	validation.MsgExpectedObject:                       faultType.With("a", "object"),
	"invalid integer":                                  faultType.With("a", "integer"),
	"invalid float":                                    faultType.With("a", "number"),
	"invalid boolean":                                  faultType.With("a", "boolean"),
	validation.MsgExpectedBase64String:                 faultFormat.With("a", "base64"),
	validation.MsgExpectedRFC3339DateTime:              faultFormat.With("a", "RFC 3339 date-time (2026-05-04T08:30:00Z)"),
	"invalid date/time for format " + time.RFC3339Nano: faultFormat.With("a", "RFC 3339 date-time (2026-05-04T08:30:00Z)"),
	validation.MsgExpectedRFC3339Date:                  faultFormat.With("a", "RFC 3339 date (2026-05-04)"),
	validation.MsgExpectedRFC3339Time:                  faultFormat.With("a", "RFC 3339 time (08:30:00Z)"),
	validation.MsgExpectedRFC5890Hostname:              faultFormat.With("a", "host name"),
	validation.MsgExpectedRFC2673IPv4:                  faultFormat.With("a", "IPv4 address"),
	validation.MsgExpectedRFC2373IPv6:                  faultFormat.With("a", "IPv6 address"),
	validation.MsgExpectedArrayItemsUnique:             faultUnique.With("a", ""),
	"required path parameter is missing":               faultMissing.With("a", ""),
	"required query parameter is missing":              faultMissing.With("a", ""),
	"required header parameter is missing":             faultMissing.With("a", ""),
	"required cookie parameter is missing":             faultMissing.With("a", ""),
	"request body is required":                         faultMissing.With("a", "body"),
}

// rules are messages with arguments, in the order in which they are tried.
var rules = []rule{
	{faultMissing, message(validation.MsgExpectedRequiredProperty)},
	{faultDependent, message(validation.MsgExpectedDependentRequiredProperty)},
	{faultChoice, message(validation.MsgExpectedOneOf)},
	{faultMin, message(validation.MsgExpectedMinimumNumber)},
	{faultMin, message(validation.MsgExpectedExclusiveMinimumNumber)},
	{faultMax, message(validation.MsgExpectedMaximumNumber)},
	{faultMax, message(validation.MsgExpectedExclusiveMaximumNumber)},
	{faultMultiple, message(validation.MsgExpectedNumberBeMultipleOf)},
	{faultShort, message(validation.MsgExpectedMinLength)},
	{faultLong, message(validation.MsgExpectedMaxLength)},
	{faultShort, message(validation.MsgExpectedMinItems)},
	{faultLong, message(validation.MsgExpectedMaxItems)},
	{faultShort, message(validation.MsgExpectedMinProperties)},
	{faultLong, message(validation.MsgExpectedMaxProperties)},
	{faultPattern, message(validation.MsgExpectedMatchPattern)},
	{faultFormat, regexp.MustCompile(`^expected string to be (?:RFC \d+ )?([a-z-]+): `)},
	{faultFormat, regexp.MustCompile(`^invalid date/time for format (.+)$`)},
	{faultFormat, regexp.MustCompile(`^invalid value: invalid (UUID)`)},
	{faultPattern, message(validation.MsgExpectedBePattern)},
}

// message makes a pattern of a message with its verbs as groups.
func message(format string) *regexp.Regexp {
	p := regexp.QuoteMeta(format)
	for _, verb := range []string{"%s", "%v", "%d"} {
		p = strings.ReplaceAll(p, verb, "(.+)")
	}
	return regexp.MustCompile("^" + p + "$")
}

// validationFault gives one of huma's findings its stable code.
func validationFault(d *huma.ErrorDetail) *problem.Error {
	if e, ok := fixed[d.Message]; ok {
		out := *e // the table's value is shared
		return out.At(d.Location, d.Value)
	}
	for _, r := range rules {
		m := r.pattern.FindStringSubmatch(d.Message)
		if m == nil {
			continue
		}
		e := r.kind.At(d.Location, d.Value)
		for i, arg := range m[1:] {
			e = e.With(string(rune('a'+i)), arg)
		}
		if r.kind == faultMissing {
			e = r.kind.At(d.Location+"."+m[1], nil).With("a", m[1])
		}
		return e
	}
	if d.Location == "body" { // a decoder's words may repeat the body, and with it a secret
		return ErrBody.At("body", nil).With("reason", firstWords(d.Message))
	}
	return faultOther.At(d.Location, d.Value).With("a", firstWords(d.Message))
}

// firstWords keeps a message short and free of what the caller sent: decoders quote input after a colon or quote.
func firstWords(s string) string {
	if i := strings.IndexAny(s, "\"'`\n"); i >= 0 {
		s = s[:i]
	}
	return strings.TrimRight(s[:min(len(s), 120)], " :(")
}

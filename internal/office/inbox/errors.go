package inbox

import (
	"embed"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrField   = problem.Define("inbox-field", 422)           // name, reason, mend
	ErrMany    = problem.Define("inbox-too-many", 409)        // max
	ErrCode    = problem.Define("inbox-code", 422)            // left
	ErrNoCode  = problem.Define("inbox-no-code", 409)         //
	ErrSoon    = problem.Define("inbox-code-too-soon", 429)   // seconds
	ErrSender  = problem.Define("inbox-no-sender", 409)       // kind
	ErrPerson  = problem.Define("inbox-person-only", 403)     //
	ErrAnother = problem.Define("inbox-channel-exists", 409)  //
	ErrNotDead = problem.Define("inbox-not-undelivered", 409) //
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrField, ErrMany, ErrCode, ErrNoCode, ErrSoon, ErrSender, ErrPerson, ErrAnother, ErrNotDead}
}

// fault is what is wrong with a field and how to mend it.
type fault struct{ zh, en, mendZh, mendEn string }

func (f fault) is() bool { return f.zh != "" }

func (f fault) at(place, value string, name text.Text) *problem.Error {
	return ErrField.At(place, value).With("name", name).With("reason", text.Text{Zh: f.zh, En: f.en}).With("mend", text.Text{Zh: f.mendZh, En: f.mendEn})
}

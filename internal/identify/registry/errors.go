package registry

import (
	"embed"
	"errors"
	"sync"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/api/problem"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrIdentifier = problem.Define("identifier-unknown", 404)        //
	ErrTaken      = problem.Define("identifier-taken", 409)          //
	ErrName       = problem.Define("identifier-name", 422)           // reason
	ErrValue      = problem.Define("identifier-value", 422)          // reason
	ErrBasis      = problem.Define("identifier-changed", 409)        // serial
	ErrPrefix     = problem.Define("identifier-prefix-unknown", 404) //
	ErrNotHomed   = problem.Define("identifier-prefix-elsewhere", 409)
	ErrState      = problem.Define("identifier-prefix-state", 409) // state
	ErrSite       = problem.Define("identifier-prefix-site", 422)  // a delegation that says not where
	ErrTemplate   = problem.Define("identifier-template-unknown", 404)
	ErrTemplates  = problem.Define("identifier-template", 422)       // item, reason, mend
	ErrItem       = problem.Define("identifier-item", 422)           // item, reason, mend
	ErrPublished  = problem.Define("identifier-template-state", 409) // state
	ErrOnce       = problem.Define("identifier-once", 409)           // the key was used for something else
	ErrBatch      = problem.Define("identifier-batch", 422)          // max
	ErrFile       = problem.Define("identifier-file", 422)           // reason
	ErrQuery      = problem.Define("identifier-query", 422)          // reason, mend
	ErrUnproved   = problem.Define("identifier-proof-waits", 409)    //
)

func problems() []*problem.Kind {
	return []*problem.Kind{ErrIdentifier, ErrTaken, ErrName, ErrValue, ErrBasis, ErrPrefix, ErrNotHomed, ErrState, ErrSite, ErrTemplate, ErrTemplates, ErrItem, ErrPublished,
		ErrOnce, ErrBatch, ErrFile, ErrQuery, ErrUnproved}
}

// told is a refusal of the protocol as the API words it. at is the place in the request.
func told(at string, name handle.Name, err error) error {
	var items *itemsRefused
	if errors.As(err, &items) {
		return problem.All(items.problems("body.values")...)
	}
	var r *handle.Refusal
	if !errors.As(err, &r) {
		return err
	}
	switch r.Code {
	case handle.NotFound:
		return ErrIdentifier.At(at, string(name)).Because(err)
	case handle.AlreadyExists:
		return ErrTaken.At(at, string(name)).Because(err)
	case handle.InvalidName:
		return ErrName.At(at, string(name)).With("reason", r.Message).Because(err)
	case handle.NotResponsible:
		return ErrNotHomed.At(at, string(name)).Because(err)
	}
	return ErrValue.At(at, string(name)).With("reason", r.Error()).Because(err)
}

// itemsRefused is a refusal of values that do not follow their template: one of the protocol, and all faults for people.
type itemsRefused struct {
	refusal *handle.Refusal
	faults  []*Fault
}

func refusedItems(faults []*Fault) error {
	return &itemsRefused{handle.Refuse(handle.InvalidValue, nil, "%s", faults[0]), faults}
}

func (r *itemsRefused) Error() string { return r.refusal.Error() }
func (r *itemsRefused) Unwrap() error { return r.refusal }

func (r *itemsRefused) problems(at string) (out []*problem.Error) {
	for _, f := range r.faults {
		out = append(out, ErrItem.At(at+"."+f.Item, f.Value).With("item", f.Item).With("reason", f.Reason).With("mend", f.Mend))
	}
	return out
}

// Words are the wordings of this room's problems, for faces that do not answer by the API.
var Words = sync.OnceValue(func() *problem.Catalogue {
	c, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		panic(err) // they are embedded, and a test reads them
	}
	return c
})

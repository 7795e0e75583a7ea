package snms

import (
	"errors"
	"strings"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
)

// Status is how a call went.
type Status int

// The statuses.
const (
	statusOK       Status = 1
	statusLogin    Status = -1
	statusFailed   Status = -2 // a rule of the business; the text says which
	statusNoRight  Status = -3
	statusInternal Status = -4
)

// answer is what every call is answered with, by HTTP status 200.
type answer struct {
	Status  Status `json:"status"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// record is an identifier.
type record struct {
	Prefix          string  `json:"prefix,omitempty"` // only told
	Handle          string  `json:"handle"`
	TemplateVersion string  `json:"templateVersion"`
	Value           []value `json:"value"`
}

type value struct {
	Auth  string `json:"auth,omitempty"`
	Index uint32 `json:"index"`
	Type  string `json:"type"`
	Data  data   `json:"data"`
}

type data struct {
	Format string `json:"format"` // string
	Value  string `json:"value"`
}

// Bounds of the interface.
const (
	maxHandle = 255
	maxType   = 128
	maxValue  = 255 // characters
	maxBatch  = registry.MaxBatch
	maxBody   = 16 << 20
)

// reserved are the indexes that say which template a record follows.
func reserved(index uint32) bool { return index == 1000 || index == 1001 }

// input is a record as the registry takes it.
func (r *record) input(op registry.Operation) (registry.Input, error) {
	in := registry.Input{Change: registry.Change{Operation: op, Name: handle.Name(r.Handle)}, Template: r.TemplateVersion}
	if len(r.Handle) > maxHandle {
		return in, errors.New("handle: at most 255 characters")
	}
	if r.TemplateVersion == "" {
		return in, errors.New("templateVersion is missing")
	}
	for _, v := range r.Value {
		switch {
		case reserved(v.Index):
			return in, errors.New("index 1000 and 1001 are reserved")
		case len(v.Type) > maxType:
			return in, errors.New(v.Type + ": the type has more than 128 characters")
		case len([]rune(v.Data.Value)) > maxValue:
			return in, errors.New(v.Type + ": the value has more than 255 characters")
		case v.Data.Format != "" && v.Data.Format != "string":
			return in, errors.New(v.Type + ": the format is not string")
		}
		in.Values = append(in.Values, handle.Value{Index: v.Index, Type: v.Type, Data: []byte(v.Data.Value), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions})
	}
	return in, nil
}

// told is an identifier as the interface tells it.
func told(v *registry.Version) (record, error) {
	out := record{Prefix: v.Name.Prefix(), Handle: string(v.Name), Value: []value{}}
	values, err := v.Values()
	if err != nil {
		return out, err
	}
	for _, x := range values {
		switch {
		case x.Index == 1001:
			out.TemplateVersion = string(x.Data)
		case x.Index != 1000 && !strings.HasPrefix(x.Type, "HS_"):
			out.Value = append(out.Value, value{Index: x.Index, Type: x.Type, Data: data{"string", string(x.Data)}})
		}
	}
	return out, nil
}

// refused is an error as the interface tells it.
func (s *Service) refused(err error) answer {
	var p *problem.Error
	switch {
	case errors.Is(err, auth.ErrForbidden):
		return answer{Status: statusNoRight, Message: "no permission"}
	case errors.Is(err, registry.ErrPrefix):
		return answer{Status: statusNoRight, Message: "the prefix is not one of yours"}
	case errors.As(err, &p):
		return answer{Status: statusFailed, Message: s.words(p)}
	}
	s.o.Logger.Error("snms: a call failed", "error", err)
	return answer{Status: statusInternal, Message: "internal error"}
}

// words are what is wrong, all of it, in Chinese.
func (s *Service) words(p *problem.Error) string {
	d := registry.Words().Document(p, problem.Chinese)
	out := []string{}
	for _, f := range d.Errors {
		out = append(out, f.Message)
	}
	if len(out) == 0 {
		out = append(out, d.Detail)
	}
	return strings.Join(out, "；")
}

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

const tag = api.Tag("identifiers")

// ByName names an identifier.
type ByName struct {
	Name string `query:"identifier" required:"true" minLength:"3" maxLength:"2048" doc:"prefix/suffix"`
}

func (n *ByName) name() (handle.Name, error) {
	name, err := handle.ParseName(n.Name)
	if err != nil {
		return "", ErrName.At("query.identifier", clip(n.Name)).With("reason", err.Error())
	}
	return name, nil
}

// AsOf is a time that may be left out.
type AsOf struct {
	When string `query:"asOf" format:"date-time" doc:"As it stood then"`
}

func (a *AsOf) time() (time.Time, error) {
	if a.When == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, a.When)
	if err != nil {
		return t, ErrQuery.At("query.asOf", a.When).With("reason", "it is no time of RFC 3339")
	}
	return t, nil
}

// NewIdentifier registers an identifier.
type NewIdentifier struct {
	Name      string            `json:"name,omitempty" maxLength:"2048" doc:"prefix/suffix; a suffix is made where it is left out, or ends with the slash"`
	Prefix    string            `json:"prefix,omitempty" maxLength:"255" doc:"Where the name is left out"`
	Template  string            `json:"template,omitempty" maxLength:"64" doc:"Version of the template that it follows"`
	Values    []IdentifierValue `json:"values" nullable:"false" maxItems:"2048"`
	Overwrite bool              `json:"overwrite,omitempty" doc:"Replace what is there"`
	Reason    string            `json:"reason,omitempty" maxLength:"2000"`
}

// IdentifierChange changes values of an identifier.
type IdentifierChange struct {
	Operation Operation         `json:"operation" enum:"replace,add,modify,remove"`
	Template  string            `json:"template,omitempty" maxLength:"64" doc:"Its items may then be given without an index"`
	Values    []IdentifierValue `json:"values,omitempty" maxItems:"2048"`
	Indexes   []uint32          `json:"indexes,omitempty" maxItems:"2048" doc:"Of remove"`
	Overwrite bool              `json:"overwrite,omitempty" doc:"Add may replace values at an index"`
	Basis     int64             `json:"basis,omitempty" doc:"The serial that you saw; refused where another version has followed"`
	Reason    string            `json:"reason,omitempty" maxLength:"2000"`
}

// BatchChange is a change of a batch.
type BatchChange struct {
	Name      string            `json:"name" maxLength:"2048"`
	Operation Operation         `json:"operation" enum:"create,delete,add,modify,remove"`
	Template  string            `json:"template,omitempty" maxLength:"64"`
	Values    []IdentifierValue `json:"values,omitempty" maxItems:"2048"`
	Indexes   []uint32          `json:"indexes,omitempty" maxItems:"2048"`
	Overwrite bool              `json:"overwrite,omitempty"`
	Basis     int64             `json:"basis,omitempty"`
}

// IdentifierBatch is a call for many changes.
type IdentifierBatch struct {
	Changes []BatchChange `json:"changes" nullable:"false" minItems:"1" maxItems:"2000"`
	Whole   bool          `json:"whole,omitempty" doc:"All of them or none"`
	Once    string        `json:"once,omitempty" maxLength:"100" doc:"Names the call: the same one again, within 30 days, changes nothing and is answered as the first time"`
	Reason  string        `json:"reason,omitempty" maxLength:"2000"`
}

// BatchResults is what became of a batch.
type BatchResults struct {
	Results []ChangeResult `json:"results" nullable:"false" doc:"In the order of the changes"`
	Refused int            `json:"refused"`
}

type identifierOutput struct{ Body IdentifierView }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.identifierRoutes(a)
	s.findRoutes(a)
	s.prefixRoutes(a)
	s.templateRoutes(a)
	s.importRoutes(a)
	s.publicRoutes(a)
}

// changed is the identifier after a change.
func (s *Service) changed(ctx context.Context, b Batch) (*identifierOutput, error) {
	b.Whole = true
	done, err := s.Submit(ctx, b)
	if err != nil {
		return nil, err
	}
	v, err := s.Get(ctx, done[0].Name, time.Time{})
	if err != nil {
		return nil, err
	}
	view, err := s.view(&v, adminSight)
	return &identifierOutput{view}, err
}

func (s *Service) identifierRoutes(a *api.Server) {
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "registerIdentifier", "/identifiers", "Register an identifier; it can be resolved when this returns")),
		func(ctx context.Context, in *struct{ Body NewIdentifier }) (*identifierOutput, error) {
			b := &in.Body
			name := handle.Name(b.Name)
			if name == "" {
				name = handle.Name(b.Prefix + "/")
			}
			if name.Suffix() == "" {
				minted, err := s.Mint(ctx, name)
				if err != nil {
					return nil, told("body.name", name, err)
				}
				name = minted
			}
			values, err := valuesOf(b.Values, "body.values")
			if err != nil {
				return nil, err
			}
			return s.changed(ctx, Batch{Reason: b.Reason, Inputs: []Input{{Change{Operation: Create, Name: name, Values: values, Overwrite: b.Overwrite}, b.Template}}})
		})
	type record struct {
		ByName
		AsOf
	}
	api.Register(a, tag.Operation(http.MethodGet, "getIdentifier", "/identifiers/record", "An identifier as it stands, or stood"),
		func(ctx context.Context, in *record) (*identifierOutput, error) {
			name, err := in.name()
			if err != nil {
				return nil, err
			}
			when, err := in.time()
			if err != nil {
				return nil, err
			}
			v, err := s.Get(ctx, name, when)
			if err != nil {
				return nil, err
			}
			view, err := s.view(&v, s.sightOfName(ctx, name))
			return &identifierOutput{view}, err
		})
	type change struct {
		ByName
		Body IdentifierChange
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "changeIdentifier", "/identifiers/versions", "Change an identifier by a further version")),
		func(ctx context.Context, in *change) (*identifierOutput, error) {
			name, err := in.name()
			if err != nil {
				return nil, err
			}
			values, err := valuesOf(in.Body.Values, "body.values")
			if err != nil {
				return nil, err
			}
			c := Change{Operation: in.Body.Operation, Name: name, Values: values, Indexes: in.Body.Indexes, Overwrite: in.Body.Overwrite, Basis: in.Body.Basis}
			if c.Operation == Replace {
				if _, err := s.Get(ctx, name, time.Time{}); err != nil {
					return nil, err
				}
				c.Operation, c.Overwrite = Create, true
			}
			return s.changed(ctx, Batch{Reason: in.Body.Reason, Inputs: []Input{{c, in.Body.Template}}})
		})
	type removal struct {
		ByName
		Basis  int64  `query:"basis" doc:"The serial that you saw"`
		Reason string `query:"reason" maxLength:"2000"`
	}
	api.Register(a, tag.Operation(http.MethodDelete, "deleteIdentifier", "/identifiers/record", "Delete an identifier; its versions stay"),
		func(ctx context.Context, in *removal) (*struct{}, error) {
			name, err := in.name()
			if err != nil {
				return nil, err
			}
			_, err = s.Submit(ctx, Batch{Whole: true, Reason: in.Reason, Inputs: []Input{{Change: Change{Operation: Delete, Name: name, Basis: in.Basis}}}})
			return nil, err
		})
	type past struct {
		ByName
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listIdentifierVersions", "/identifiers/versions", "All versions of an identifier, the newest first"),
		func(ctx context.Context, in *past) (*api.List[IdentifierView], error) {
			name, err := in.name()
			if err != nil {
				return nil, err
			}
			items, next, err := s.History(ctx, name, in.Page())
			if err != nil {
				return nil, err
			}
			return s.listed(items, next, s.sightOfName(ctx, name))
		})
	op := tag.Operation(http.MethodPost, "changeIdentifiers", "/identifiers/batch", "Change many identifiers at once, at most 2,000")
	op.MaxBodyBytes = 16 << 20
	api.Register(a, op, func(ctx context.Context, in *struct{ Body IdentifierBatch }) (*struct{ Body BatchResults }, error) {
		b := Batch{Whole: in.Body.Whole, Once: in.Body.Once, Reason: in.Body.Reason}
		for i := range in.Body.Changes {
			c := &in.Body.Changes[i]
			values, err := valuesOf(c.Values, "body.changes["+itoa(i)+"].values")
			if err != nil {
				return nil, err
			}
			b.Inputs = append(b.Inputs, Input{Change{Operation: c.Operation, Name: handle.Name(c.Name), Values: values, Indexes: c.Indexes, Overwrite: c.Overwrite, Basis: c.Basis}, c.Template})
		}
		results, err := s.Submit(ctx, b)
		if err != nil {
			return nil, err
		}
		out := BatchResults{Results: results}
		for i := range results {
			if results[i].Code != "" {
				out.Refused++
			}
		}
		return &struct{ Body BatchResults }{out}, nil
	})
	type proof struct {
		ByName
		Serial int64 `query:"serial" doc:"Of the version; the newest where it is left out"`
	}
	type proved struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	api.Register(a, asFile(tag.Operation(http.MethodGet, "proveIdentifier", "/identifiers/proof", "The proof that a version is in the node's evidence log, as a file")),
		func(ctx context.Context, in *proof) (*proved, error) {
			name, err := in.name()
			if err != nil {
				return nil, err
			}
			p, err := s.Prove(ctx, name, in.Serial)
			if err != nil {
				return nil, err
			}
			b, err := p.Encode()
			return &proved{"application/json", b}, err
		})
}

// sightOfName is which values of a name the caller sees.
func (s *Service) sightOfName(ctx context.Context, name handle.Name) sight {
	if p, ok := s.prefixes.get(subject(name)); ok {
		return s.sightOf(ctx, &p.Prefix)
	}
	return publicSight
}

func (s *Service) listed(items []Version, next string, sees sight) (*api.List[IdentifierView], error) {
	out := make([]IdentifierView, len(items))
	for i := range items {
		var err error
		if out[i], err = s.view(&items[i], sees); err != nil {
			return nil, err
		}
	}
	return api.Listed(out, next), nil
}

func (s *Service) prefixRoutes(a *api.Server) {
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listPrefixes", "/prefixes", "Prefixes of the caller's organisations"),
		func(ctx context.Context, in *list) (*api.List[PrefixView], error) {
			items, err := s.Prefixes(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, prefixView), ""), nil
		})
	type prefixChange struct {
		Prefix string            `json:"prefix" minLength:"1" maxLength:"255"`
		Org    *uuid.UUID        `json:"org,omitempty" format:"uuid" doc:"Whose it is; that of the prefix above, else of the node, where a new one names none"`
		State  PrefixState       `json:"state" enum:"allocated,homed,delegated,withdrawn"`
		Values []IdentifierValue `json:"values,omitempty" maxItems:"2048" doc:"Of its handle 0.NA/prefix in place of what is there: HS_ADMIN, HS_SITE, HS_SERV. A delegation needs HS_SITE or HS_SERV"`
		Reason string            `json:"reason" minLength:"1" maxLength:"2000"`
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "allocatePrefix", "/prefixes", "Allocate, home, delegate or withdraw a prefix")),
		func(ctx context.Context, in *struct{ Body prefixChange }) (*struct{ Body PrefixView }, error) {
			b := &in.Body
			c := Allocation{Prefix: b.Prefix, Org: api.OrNil(b.Org), State: b.State, Reason: b.Reason}
			if b.Values != nil {
				var err error
				if c.Values, err = valuesOf(b.Values, "body.values"); err != nil {
					return nil, err
				}
			}
			p, err := s.Allocate(ctx, c)
			if err != nil {
				return nil, err
			}
			return &struct{ Body PrefixView }{prefixView(&p)}, nil
		})
	type one struct {
		Prefix string `path:"prefix" maxLength:"255"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getPrefix", "/prefixes/{prefix}", "One prefix"),
		func(ctx context.Context, in *one) (*struct{ Body PrefixView }, error) {
			_, p, err := s.prefixFor(ctx, auth.Read, in.Prefix, "path.prefix")
			if err != nil {
				return nil, err
			}
			return &struct{ Body PrefixView }{prefixView(&p)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listPrefixStates", "/prefixes/{prefix}/states", "The states of a prefix, the first one first"),
		func(ctx context.Context, in *one) (*api.List[PrefixPastView], error) {
			items, err := s.PrefixPast(ctx, in.Prefix)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, pastView), ""), nil
		})
}

// publicRoutes add what anybody may ask.
func (s *Service) publicRoutes(a *api.Server) {
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "resolveIdentifier", "/public/identifiers", "The public values of an identifier, for anybody; or who answers for it")),
		func(ctx context.Context, in *ByName) (*struct{ Body *ResolvedIdentifier }, error) {
			r, err := s.Resolve(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			return &struct{ Body *ResolvedIdentifier }{r}, nil
		})
	a.Handle("GET /i/{identifier...}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := s.Resolve(r.Context(), r.PathValue("identifier"))
		if err != nil {
			a.WriteProblem(w, r, err)
			return
		}
		body, err := json.Marshal(out)
		if err != nil {
			a.WriteProblem(w, r, errors.New("encode an answer"))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(append(body, '\n')) // the caller has gone, where it fails
	}))
}

package snms

import (
	"context"
	"errors"
	"net/http"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry"
)

// item tells what became of one of a batch.
type item struct {
	Handle string `json:"handle"`
	Msg    string `json:"msg"`
}

// detail answers GET /identityv2/data/detail.
func (s *Service) detail(r *http.Request) answer {
	name, err := handle.ParseName(r.URL.Query().Get("handle"))
	if err != nil {
		return answer{Status: statusFailed, Message: err.Error()}
	}
	v, err := s.o.Registry.Get(r.Context(), name, time.Time{})
	if err != nil {
		return s.refused(err)
	}
	out, err := told(&v)
	if err != nil {
		return s.refused(err)
	}
	return answer{statusOK, "success", out}
}

// create answers POST /identityv2/data. An equal one that is there is success: a program that got no answer asks again.
func (s *Service) create(r *http.Request) answer { return s.one(r, registry.Create) }

// update answers PUT: all values in place of what is there.
func (s *Service) update(r *http.Request) answer { return s.one(r, registry.Replace) }

func (s *Service) one(r *http.Request, op registry.Operation) answer {
	var in record
	if err := read(r, &in); err != nil {
		return answer{Status: statusFailed, Message: err.Error()}
	}
	return s.done(s.each(r.Context(), []record{in}, op))
}

// remove answers DELETE /identityv2/data; the handle stands in the query or in the body.
func (s *Service) remove(r *http.Request) answer {
	in := record{Handle: r.URL.Query().Get("handle")}
	if in.Handle == "" {
		if err := read(r, &in); err != nil {
			return answer{Status: statusFailed, Message: err.Error()}
		}
	}
	return s.done(s.each(r.Context(), []record{in}, registry.Delete))
}

// done is the answer to a call for one record.
func (s *Service) done(wrong []item, err error) answer {
	switch {
	case err != nil:
		return s.refused(err)
	case len(wrong) > 0:
		return answer{Status: statusFailed, Message: wrong[0].Msg}
	}
	return answer{statusOK, "success", true}
}

// many answers the calls for batches: what is right is done, and of the others is told why not.
func (s *Service) many(op registry.Operation) func(*http.Request) answer {
	return func(r *http.Request) answer {
		var in []record
		if err := s.batch(r, op, &in); err != nil {
			return answer{Status: statusFailed, Message: err.Error()}
		}
		if len(in) == 0 || len(in) > maxBatch {
			return answer{Status: statusFailed, Message: "1 to 2000 are taken at once"}
		}
		wrong, err := s.each(r.Context(), in, op)
		if err != nil {
			return s.refused(err)
		}
		if len(wrong) > 0 {
			return answer{statusFailed, "some were refused", wrong}
		}
		return answer{statusOK, "success", []item{}}
	}
}

// batch reads a batch; one of deletions may be of names alone.
func (s *Service) batch(r *http.Request, op registry.Operation, in *[]record) error {
	if op != registry.Delete {
		return read(r, in)
	}
	var names []nameOrRecord
	if err := read(r, &names); err != nil {
		return err
	}
	for _, n := range names {
		*in = append(*in, record{Handle: n.Handle})
	}
	return nil
}

// each changes records, and tells those that were refused, in their order.
func (s *Service) each(ctx context.Context, list []record, op registry.Operation) ([]item, error) {
	wrong := map[int]string{}
	var inputs []registry.Input
	var places []int
	for i := range list {
		in := registry.Input{Change: registry.Change{Operation: registry.Delete, Name: handle.Name(list[i].Handle)}}
		if op != registry.Delete {
			var err error
			if in, err = list[i].input(registry.Create); err != nil {
				wrong[i] = err.Error()
				continue
			}
		}
		if op == registry.Replace {
			// A record that is not there is not made: the interface says so.
			if _, err := s.o.Registry.Get(ctx, in.Name, time.Time{}); err != nil {
				if errors.Is(err, registry.ErrIdentifier) {
					wrong[i] = s.refused(err).Message
					continue
				}
				return nil, err
			}
			in.Overwrite = true
		}
		inputs, places = append(inputs, in), append(places, i)
	}
	if len(inputs) > 0 {
		results, err := s.o.Registry.Submit(ctx, registry.Batch{Inputs: inputs})
		if err != nil {
			return nil, err
		}
		for j := range results {
			err := results[j].Err()
			if err == nil || op == registry.Create && errors.Is(err, registry.ErrTaken) && s.same(ctx, &inputs[j]) {
				continue
			}
			wrong[places[j]] = s.refused(err).Message
		}
	}
	var out []item
	for i := range list {
		if msg, ok := wrong[i]; ok {
			out = append(out, item{list[i].Handle, msg})
		}
	}
	return out, nil
}

// same tells whether what is held is what was to be created.
func (s *Service) same(ctx context.Context, in *registry.Input) bool {
	v, err := s.o.Registry.Get(ctx, in.Name, time.Time{})
	if err != nil {
		return false
	}
	values, err := v.Values()
	if err != nil || len(values) != len(in.Values) {
		return false
	}
	held := map[uint32]handle.Value{}
	for _, x := range values {
		held[x.Index] = x
	}
	for _, x := range in.Values {
		h, ok := held[x.Index]
		if !ok || h.Type != x.Type || string(h.Data) != string(x.Data) {
			return false
		}
	}
	return true
}

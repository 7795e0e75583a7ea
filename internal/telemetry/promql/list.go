package promql

import (
	"net/http"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// each series of the selectors, once. No selector at all is every series.
func (a *asking) each(r *http.Request, yield func(e *entry, v view) bool) error {
	if _, _, err := spanOf(r); err != nil { // the plant's points are known whether or not they had samples then
		return err
	}
	all, err := a.matchOf(r)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return a.index.each(r.Context(), a.scope, selectionOf(nil), yield)
	}
	type one struct {
		e *entry
		v view
	}
	seen := map[one]struct{}{}
	for _, matchers := range all {
		more := true
		err := a.index.each(r.Context(), a.scope, selectionOf(matchers), func(e *entry, v view) bool {
			if _, twice := seen[one{e, v}]; !twice {
				if len(all) > 1 {
					seen[one{e, v}] = struct{}{}
				}
				more = yield(e, v)
			}
			return more
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

const truncated = "results truncated due to limit"

// series answers /series: the labels of all series that fit.
func (a *asking) series(r *http.Request) (*answer, error) {
	if len(r.Form["match[]"]) == 0 {
		return nil, refuse("match[]", "", noMatch)
	}
	limit, err := countOf(r, "limit")
	if err != nil {
		return nil, err
	}
	out := &answer{}
	list := []labels.Labels{}
	over := false
	err = a.each(r, func(e *entry, v view) bool {
		if limit > 0 && len(list) == limit {
			out.warn(truncated)
			return false
		}
		over = len(list) == a.o.MaxSeries // whatever limit the caller has set: Grafana's is 40,000
		list = append(list, v.labelsOf(e))
		return !over
	})
	if err == nil && over {
		err = ErrSeries.With("max", a.o.MaxSeries)
	}
	out.data = list
	return out, err
}

// labelNames answers /labels.
func (a *asking) labelNames(r *http.Request) (*answer, error) {
	return a.words(r, func(e *entry, v view, add func(string)) {
		v.labelsOf(e).Range(func(l labels.Label) { add(l.Name) })
	})
}

// labelValues answers /label/NAME/values.
func (a *asking) labelValues(r *http.Request) (*answer, error) {
	name := r.PathValue("name")
	if len(name) > 3 && name[:3] == "U__" {
		name = model.UnescapeName(name, model.ValueEncodingEscaping)
	}
	if !model.UTF8Validation.IsValidLabelName(name) {
		return nil, ErrParameter.At("path.name", name).With("name", "name").With("reason", noLabel)
	}
	return a.words(r, func(e *entry, v view, add func(string)) {
		if name == model.MetricNameLabel {
			add(v.nameOf(e.name))
		} else if value := v.labelsOf(e).Get(name); value != "" {
			add(value)
		}
	})
}

// words gathers words of series, in order.
func (a *asking) words(r *http.Request, of func(e *entry, v view, add func(string))) (*answer, error) {
	limit, err := countOf(r, "limit")
	if err != nil {
		return nil, err
	}
	seen := map[string]struct{}{}
	add := func(s string) { seen[s] = struct{}{} }
	err = a.each(r, func(e *entry, v view) bool {
		of(e, v, add)
		return true
	})
	if err != nil {
		return nil, err
	}
	out := &answer{}
	list := sortedKeys(seen)
	if limit > 0 && len(list) > limit {
		list = list[:limit]
		out.warn(truncated)
	}
	out.data = list
	return out, nil
}

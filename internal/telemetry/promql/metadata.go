package promql

import (
	"net/http"
	"runtime"
	"slices"

	"jingwei/internal/telemetry"
)

// engineVersion is what the engine calls itself; a test compares it with go.mod (v0.315.0 is Prometheus 3.15.0).
const engineVersion = "3.15.0"

// metricMetadata is what /metadata tells of a metric.
type metricMetadata struct {
	Type string `json:"type"` // counter, gauge
	Unit string `json:"unit"` // UCUM
	Help string `json:"help"`
}

// metadata answers /metadata: what is told of each metric by the points that bear its name.
func (a *asking) metadata(r *http.Request) (*answer, error) {
	limit, err := countOf(r, "limit")
	if err != nil {
		return nil, err
	}
	each, err := countOf(r, "limit_per_metric")
	if err != nil {
		return nil, err
	}
	only := r.Form.Get("metric")
	out := map[string][]metricMetadata{}
	err = a.index.each(r.Context(), a.scope, selectionOf(nil), func(e *entry, _ view) bool {
		if only != "" && e.name != only || e.series.Type == telemetry.String {
			return true
		}
		list, known := out[e.name]
		if !known && limit > 0 && len(out) == limit {
			return true
		}
		m := metricMetadata{Type: "gauge", Unit: e.series.Unit, Help: e.help}
		if e.count {
			m.Type = "counter"
		}
		if slices.Contains(list, m) || each > 0 && len(list) == each {
			return true
		}
		out[e.name] = append(list, m)
		return true
	})
	if err != nil {
		return nil, err
	}
	return &answer{data: out}, nil
}

// buildInfo answers /status/buildinfo, by which Grafana decides what it may ask: as version it reads the engine's.
func (a *asking) buildInfo(*http.Request) (*answer, error) {
	return &answer{data: map[string]string{
		"version": engineVersion, "revision": "jingwei " + a.o.Version, "branch": "", "buildUser": "", "buildDate": "", "goVersion": runtime.Version(),
	}}, nil
}

// exemplars answers /query_exemplars: samples here have none, which Grafana is to hear in the shape that it asks in.
func (a *asking) exemplars(r *http.Request) (*answer, error) {
	if _, _, err := spanOf(r); err != nil {
		return nil, err
	}
	if _, err := a.parser.ParseExpr(r.Form.Get("query")); err != nil {
		return nil, &queryError{parameter: "query", err: err}
	}
	return &answer{data: []struct{}{}}, nil
}

// rules answers /rules: the node has no rules of Prometheus' kind. Grafana asks before it shows a query.
func (a *asking) rules(*http.Request) (*answer, error) {
	return &answer{data: map[string][]struct{}{"groups": {}}}, nil
}

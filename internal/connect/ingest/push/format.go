package push

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"jingwei/internal/connect/ingest/push/influx"
	"jingwei/internal/connect/ingest/push/jsonpush"
	"jingwei/internal/connect/ingest/push/otlp"
	"jingwei/internal/connect/ingest/push/remotewrite"
	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/api/problem"
)

// format is a way in: what is special about its requests and its answers.
type format struct {
	name   string
	path   string
	snappy bool // the compression where a request names none
	// open looks at the request's head and returns how its body is read.
	open func(r *http.Request, p *plan) (decode func(*rows.Batch, []byte), err error)
	// done answers a request that is stored.
	done func(w http.ResponseWriter, r *http.Request, rows int)
	// failed answers with a problem, in both the document's words and the form that senders of the format read.
	failed func(w http.ResponseWriter, r *http.Request, d *problem.Document, faults []rows.Fault)
}

// formats are all ways in.
var formats = []*format{
	{name: "json", path: "/push/json", open: openJSON, done: doneJSON, failed: failedProblem},
	{name: "influx", path: "/push/write", open: openInflux1, done: doneEmpty, failed: failedInflux1},
	{name: "influx", path: "/push/api/v2/write", open: openInflux2, done: doneEmpty, failed: failedInflux2},
	{name: "prometheus", path: "/push/api/v1/write", snappy: true, open: openRemoteWrite, done: doneEmpty, failed: failedProblem},
	{name: "prometheus", path: "/push/prom", snappy: true, open: openRemoteWrite, done: doneEmpty, failed: failedProblem},
	{name: "otlp", path: "/push/v1/metrics", open: openOTLP, done: doneOTLP, failed: failedOTLP},
}

// ErrPrecision is an unknown unit of times.
var ErrPrecision = problem.Define("push-precision", http.StatusBadRequest)

// precision reads the parameter of that name.
func precision(r *http.Request, otherwise string, units map[string]time.Duration) (int64, error) {
	p := r.URL.Query().Get("precision")
	if p == "" {
		p = otherwise
	}
	if u, ok := units[p]; ok {
		return int64(u), nil
	}
	return 0, ErrPrecision.At("query.precision", p)
}

var units = map[string]time.Duration{"ns": time.Nanosecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second}

// units1 are those of InfluxDB 1.
var units1 = map[string]time.Duration{"n": time.Nanosecond, "ns": time.Nanosecond, "u": time.Microsecond, "us": time.Microsecond, "µ": time.Microsecond,
	"µs": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour}

// mediaType of a request without its parameters, and these.
func mediaType(r *http.Request) (string, map[string]string) {
	t, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return strings.ToLower(r.Header.Get("Content-Type")), nil
	}
	return t, parameters
}

// only refuses other media types than these; none at all is taken for the first.
func only(r *http.Request, types ...string) error {
	t, _ := mediaType(r)
	if t == "" {
		return nil
	}
	for _, o := range types {
		if t == o {
			return nil
		}
	}
	return ErrMediaType.At("header.Content-Type", t).With("types", strings.Join(types, ", "))
}

func openJSON(r *http.Request, _ *plan) (func(*rows.Batch, []byte), error) {
	if err := only(r, "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "text/plain", "application/x-www-form-urlencoded"); err != nil {
		return nil, err // the last is what curl -d says where nothing else is said
	}
	unit, err := precision(r, "ms", units)
	return func(b *rows.Batch, body []byte) { jsonpush.Decode(b, body, unit) }, err
}

func openInflux1(r *http.Request, _ *plan) (func(*rows.Batch, []byte), error) {
	return openInflux(r, units1)
}
func openInflux2(r *http.Request, _ *plan) (func(*rows.Batch, []byte), error) {
	return openInflux(r, units)
}

func openInflux(r *http.Request, units map[string]time.Duration) (func(*rows.Batch, []byte), error) {
	if err := only(r, "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "application/vnd.influx.arrow"); err != nil {
		return nil, err
	}
	if t, _ := mediaType(r); t == "application/vnd.influx.arrow" {
		return nil, ErrMediaType.At("header.Content-Type", t).With("types", "text/plain")
	}
	unit, err := precision(r, "ns", units)
	return func(b *rows.Batch, body []byte) { influx.Decode(b, body, unit) }, err
}

// openRemoteWrite takes version 1.0 alone: its samples have no type but float, and 2.0 would come half understood.
func openRemoteWrite(r *http.Request, _ *plan) (func(*rows.Batch, []byte), error) {
	t, parameters := mediaType(r)
	version := r.Header.Get("X-Prometheus-Remote-Write-Version")
	if proto := parameters["proto"]; proto != "" && proto != "prometheus.WriteRequest" {
		return nil, ErrVersion.At("header.Content-Type", t+";proto="+proto)
	}
	if version != "" && !strings.HasPrefix(version, "0.1.") && !strings.HasPrefix(version, "1.") {
		return nil, ErrVersion.At("header.X-Prometheus-Remote-Write-Version", version)
	}
	return remotewrite.Decode, only(r, "application/x-protobuf")
}

func openOTLP(r *http.Request, p *plan) (func(*rows.Batch, []byte), error) {
	if err := only(r, "application/x-protobuf", "application/json"); err != nil {
		return nil, err
	}
	o := otlp.Options{Keys: p.c.OTLPDevice, Scope: p.c.OTLPScope}
	if isJSON(r) {
		return func(b *rows.Batch, body []byte) { otlp.DecodeJSON(b, body, o) }, nil
	}
	return func(b *rows.Batch, body []byte) { otlp.DecodeProtobuf(b, body, o) }, nil
}

func isJSON(r *http.Request) bool {
	t, _ := mediaType(r)
	return t == "application/json"
}

package reading

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Formats of an export.
const (
	formatCSV   = "csv"
	formatArrow = "arrow"
	formatXLSX  = "xlsx"
)

var typeOfCost = reflect.TypeFor[QueryCost]()

var exportTypes = map[string]string{
	formatCSV:   "text/csv; charset=utf-8; header=present",
	formatArrow: "application/vnd.apache.arrow.stream",
	formatXLSX:  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// exported is a series of an export.
type exported struct {
	id   uuid.UUID
	name string
	typ  telemetry.Type
}

// exportFile takes the samples of an export in a format, series after series.
type exportFile interface {
	begin(x exported) error
	run(r *telemetry.Run) error
	end() error // writes what tells a whole file from one that was cut
}

func (s *Service) exportRoute(a *api.Server) {
	type input struct {
		Series         []string  `query:"series,explode" doc:"Repeat the parameter; at most 200"`
		From           time.Time `query:"from" doc:"Source time, inclusive; an hour before to when left out"`
		To             time.Time `query:"to" doc:"Source time, exclusive; now, or asOf, when left out"`
		AsOf           time.Time `query:"asOf" doc:"What was known at this time of the node, which must be closed (see /watermark)"`
		Format         string    `query:"format" enum:"csv,arrow,xlsx" default:"csv"`
		Columns        string    `query:"columns" maxLength:"300" doc:"Names with commas between them, in the order wanted: series, name, time, gatewayTime, value, status, statusName, flags, origin, revision, commit, superseded"`
		History        bool      `query:"history" doc:"Also superseded and withdrawn samples"`
		BOM            bool      `query:"bom" doc:"CSV: begin with a byte order mark, by which spreadsheets know UTF-8"`
		Explain        bool      `query:"explain" doc:"Answer what the export would cost, as JSON, in place of the export"`
		AcceptLanguage string    `header:"Accept-Language" doc:"Language of the names of series"`
		AcceptEncoding string    `header:"Accept-Encoding" doc:"CSV: zstd or gzip"`
	}
	op := get("exportSamples", "/samples/export", "Samples of many series as a file",
		"CSV (RFC 4180) and Arrow IPC are streamed while they are read, however long they are; XLSX has at most 1,000,000 rows. "+
			"A file that cannot be finished is cut: the connection ends without the end of the answer, and an Arrow stream without its end marker.")
	content := map[string]*huma.MediaType{"application/json": {Schema: a.Huma().OpenAPI().Components.Schemas.Schema(typeOfCost, true, "QueryCost")}}
	for _, t := range exportTypes {
		name, _, _ := strings.Cut(t, ";")
		content[name] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "The file, or with explain its cost", Content: content}}
	api.Register(a, op, func(ctx context.Context, in *input) (*huma.StreamResponse, error) {
		if len(in.Series) == 0 {
			return nil, api.Missing("query.series")
		}
		ids, err := api.IDs("query.series", in.Series)
		if err != nil {
			return nil, err
		}
		e := &export{s: s, a: a, ids: ids, format: in.Format, history: in.History, bom: in.BOM}
		if e.known, e.refs, err = s.findAll(ctx, ids, "query.series"); err != nil {
			return nil, err
		}
		m, err := s.moment(in.AsOf, "query.asOf")
		if err != nil {
			return nil, err
		}
		e.asOf = m.asOf
		if e.span, err = spanOf(in.From, in.To, m.now, "query."); err != nil {
			return nil, err
		}
		if e.columns, err = columnsOf(in.Columns, in.History); err != nil {
			return nil, err
		}
		// The directories are looked into before the first byte: what is damaged there is told in words.
		cost, err := s.weigh(ctx, e.refs, e.span, telemetry.CostOptions{Columns: scanned(e.columns), History: e.history, AsOf: e.asOf}, 0, true)
		if err != nil {
			return nil, err
		}
		if in.Explain {
			return &huma.StreamResponse{Body: func(hc huma.Context) {
				hc.SetHeader("Content-Type", "application/json")
				_ = json.NewEncoder(hc.BodyWriter()).Encode(cost)
			}}, nil
		}
		if _, err := s.admit(ctx, cost); err != nil {
			return nil, err
		}
		if err := e.describe(ctx, string(problem.ParseAcceptLanguage(in.AcceptLanguage))); err != nil {
			return nil, err
		}
		e.zstd = in.Format == formatCSV && accepts(in.AcceptEncoding, "zstd")
		return &huma.StreamResponse{Body: e.serve}, nil
	})
}

// export is one file on its way.
type export struct {
	s       *Service
	a       *api.Server
	ids     []uuid.UUID
	known   []known
	refs    []telemetry.Ref
	all     []exported
	span    telemetry.Span
	asOf    uint64
	format  string
	columns []exportColumn
	history bool
	bom     bool
	zstd    bool
}

// describe finds the names of the series. One that is no longer in the plant has none.
func (e *export) describe(ctx context.Context, lang string) error {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	names := map[uuid.UUID]string{}
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		points, next, err := e.s.points.Points(ctx, scope, Filter{IDs: e.ids}, page)
		if err != nil {
			return fmt.Errorf("look up the names of series: %w", err)
		}
		for _, p := range points {
			names[p.ID] = p.Name.In(lang)
		}
		if page.After = next; next == "" {
			break
		}
	}
	for i, k := range e.known {
		e.all = append(e.all, exported{id: e.ids[i], name: names[e.ids[i]], typ: k.series.Type})
	}
	return nil
}

// serve writes the file. What goes wrong before the first byte is out is answered as a problem; after it the connection is
// cut, so that nobody takes a part for the whole.
func (e *export) serve(hc huma.Context) {
	r, w := humago.Unwrap(hc)
	out := &outlet{w: w, control: http.NewResponseController(w), head: func(h http.Header) {
		h.Set("Content-Type", exportTypes[e.format])
		h.Set("Content-Disposition", `attachment; filename="`+e.fileName()+`"`)
		h.Set("X-Accel-Buffering", "no") // a proxy must not keep the file until it is whole
		if e.zstd {
			h.Set("Content-Encoding", "zstd")
			h.Add("Vary", "Accept-Encoding")
		}
	}}
	err := e.write(hc.Context(), out)
	switch {
	case err == nil:
	case out.began:
		panic(http.ErrAbortHandler)
	default:
		e.a.WriteProblem(w, r, translate(err))
	}
}

func (e *export) fileName() string {
	at := func(ns int64) string { return time.Unix(0, ns).UTC().Format("20060102T150405Z") }
	return fmt.Sprintf("samples-%s-%s.%s", at(e.span.From), at(e.span.To), e.format)
}

func (e *export) write(ctx context.Context, to io.Writer) error {
	release, err := e.s.pull(ctx)
	if err != nil {
		return err
	}
	defer release()
	buffer := bufio.NewWriterSize(to, 64<<10)
	var w io.Writer = buffer
	var packed *zstd.Encoder
	if e.zstd {
		if packed, err = zstd.NewWriter(buffer, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithEncoderLevel(zstd.SpeedFastest)); err != nil {
			return err
		}
		w = packed
	}
	var f exportFile
	switch e.format {
	case formatArrow:
		f = newArrow(w, e.columns, e.all)
	case formatXLSX:
		x, err := newXLSX(w, e.columns, e.s.limits)
		if err != nil {
			return err
		}
		defer x.close()
		f = x
	default:
		f = newCSV(w, e.columns, e.bom)
	}
	o := telemetry.ScanOptions{Columns: scanned(e.columns), History: e.history, AsOf: e.asOf}
	for i, ref := range e.refs {
		if err := f.begin(e.all[i]); err != nil {
			return err
		}
		var failed error
		err := e.s.store.Scan(ctx, ref, e.span, o, func(r *telemetry.Run) bool {
			if failed = ctx.Err(); failed == nil {
				failed = f.run(r)
			}
			return failed == nil
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
	}
	if err := f.end(); err != nil {
		return err
	}
	if packed != nil {
		if err := packed.Close(); err != nil {
			return err
		}
	}
	return buffer.Flush()
}

// writePatience is how long one write may take to a client that does not read.
const writePatience = 30 * time.Second

// outlet is the answer's body. The head is written with the first byte.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	head    func(http.Header)
	began   bool
}

func (o *outlet) Write(b []byte) (int, error) {
	if !o.began {
		o.began = true
		o.head(o.w.Header())
	}
	// A recorder in a test has no deadline; every real connection has.
	_ = o.control.SetWriteDeadline(time.Now().Add(writePatience))
	return o.w.Write(b)
}

// accepts tells whether a caller takes a coding (RFC 9110, 12.5.3).
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		q = strings.ReplaceAll(q, " ", "")
		if name == coding && q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000" {
			return true
		}
	}
	return false
}

package push

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

// Texts are the words of this room's problems, in folder "texts"; the API takes them over.
//
//go:embed texts
var Texts embed.FS

// words are the texts, read. Their completeness is a property of the program, which a test proves.
var words = func() *problem.Catalogue {
	c, err := problem.ReadCatalogue(Texts, "texts")
	if err != nil {
		panic(fmt.Errorf("push: %w", err))
	}
	return c
}()

// Kinds are the problems that this room words.
func Kinds() []*problem.Kind {
	return []*problem.Kind{ErrRefused, ErrTooLarge, ErrRows, ErrTexts, ErrEncoding, ErrMediaType, ErrVersion, ErrBody, ErrBusy, ErrPrecision, ErrCredential, ErrMethod,
		ErrDeviceOther, ErrType, ErrUnknown, rows.ErrSyntax, rows.ErrTime, rows.ErrValue, rows.ErrNoDevice, rows.ErrName, rows.ErrUnsupported}
}

var (
	// ErrRefused is a request with rows that cannot be taken; they are listed in it. Nothing of it was stored.
	ErrRefused = problem.Define("push-refused", http.StatusBadRequest)
	// ErrCredential is no credential, or one that is not valid.
	ErrCredential = problem.Define("push-credential", http.StatusUnauthorized)
	// ErrMethod is another method than POST.
	ErrMethod = problem.Define("push-method", http.StatusMethodNotAllowed)
)

var (
	busyMemory     = text.Text{Zh: "正在处理的请求已占满内存", En: "the requests being taken fill the memory set aside for them"}
	busyStore      = text.Text{Zh: "存储暂时不能接收（可能磁盘已满）", En: "the store cannot take values now (its disk may be full)"}
	busyBinder     = text.Text{Zh: "数据库暂时不可用", En: "the database is not available now"}
	compressedBody = text.Text{Zh: "压缩后的正文", En: "the compressed body"}
	decodedBody    = text.Text{Zh: "解压后的正文", En: "the decompressed body"}
)

func writeJSON(w http.ResponseWriter, status int, mediaType string, v any) {
	body, err := json.Marshal(v)
	if err != nil { // every value here is made of strings and numbers
		body = []byte("{}")
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func doneEmpty(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusNoContent) }

func doneJSON(w http.ResponseWriter, _ *http.Request, n int) {
	writeJSON(w, http.StatusOK, "application/json", map[string]int{"rows": n})
}

// doneOTLP answers ExportMetricsServiceResponse without partial_success: everything was taken.
func doneOTLP(w http.ResponseWriter, r *http.Request, _ int) {
	if isJSON(r) {
		writeJSON(w, http.StatusOK, "application/json", struct{}{})
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
}

func failedProblem(w http.ResponseWriter, _ *http.Request, d *problem.Document, _ []rows.Fault) {
	writeJSON(w, d.Status, problem.MediaType, d)
}

// sentence is a problem in one line, for formats that have room for no more.
func sentence(d *problem.Document) string {
	var b strings.Builder
	b.WriteString(d.Detail)
	for i, e := range d.Errors {
		if i == 3 {
			b.WriteString(" …")
			break
		}
		fmt.Fprintf(&b, " %s: %s", e.Location, e.Message)
		if e.Mend != "" {
			b.WriteByte(' ')
			b.WriteString(e.Mend)
		}
	}
	if len(d.Errors) == 0 && d.Mend != "" {
		b.WriteByte(' ')
		b.WriteString(d.Mend)
	}
	return b.String()
}

// failedInflux1 adds the member that clients of InfluxDB 1 read.
func failedInflux1(w http.ResponseWriter, _ *http.Request, d *problem.Document, _ []rows.Fault) {
	w.Header().Set("X-Influxdb-Error", strings.Map(printable, sentence(d)))
	writeJSON(w, d.Status, "application/json", struct {
		Error string `json:"error"`
		*problem.Document
	}{sentence(d), d})
}

// printable keeps a header's value within ASCII.
func printable(r rune) rune {
	if r < 0x20 || r > 0x7e {
		return '?'
	}
	return r
}

// codes2 are the codes of InfluxDB 2.
var codes2 = map[int]string{400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not found", 405: "method not allowed", 413: "request too large",
	415: "unsupported media type", 429: "too many requests", 503: "unavailable"}

// failedInflux2 answers as InfluxDB 2 does, with the list of faults beside it.
func failedInflux2(w http.ResponseWriter, _ *http.Request, d *problem.Document, faults []rows.Fault) {
	out := struct {
		Code    string          `json:"code"`
		Message string          `json:"message"`
		Line    uint32          `json:"line,omitempty"`
		Problem string          `json:"problem"`
		Errors  []problem.Field `json:"errors,omitempty"`
	}{Code: codes2[d.Status], Message: sentence(d), Problem: d.Code, Errors: d.Errors}
	if out.Code == "" {
		out.Code = "internal error"
	}
	if len(faults) > 0 {
		out.Line = faults[0].Place
	}
	writeJSON(w, d.Status, "application/json", out)
}

// grpcCodes are those of google.rpc.Status.
var grpcCodes = map[int]int{400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14}

// failedOTLP answers google.rpc.Status in the encoding of the request.
func failedOTLP(w http.ResponseWriter, r *http.Request, d *problem.Document, _ []rows.Fault) {
	code, ok := grpcCodes[d.Status]
	if !ok {
		code = 13
	}
	if t, _ := mediaType(r); t != "application/x-protobuf" {
		writeJSON(w, d.Status, "application/json", struct {
			Code    int             `json:"code"`
			Message string          `json:"message"`
			Problem string          `json:"problem"`
			Errors  []problem.Field `json:"errors,omitempty"`
		}{code, sentence(d), d.Code, d.Errors})
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(d.Status)
	_, _ = w.Write(wire.AppendBytes(wire.AppendVarint(nil, 1, uint64(code)), 2, []byte(sentence(d))))
}

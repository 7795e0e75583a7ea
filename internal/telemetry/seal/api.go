package seal

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

const tag = api.Tag("evidence")

// daysAtOnce bounds a list of days, each of which is looked up in the log.
const daysAtOnce = 400

// StatusView is how far the evidence is.
type StatusView struct {
	Entries string         `json:"entries" doc:"Of the log, as the newest checkpoint has them"`
	Root    string         `json:"root,omitempty"`
	At      *time.Time     `json:"at,omitempty" doc:"When that checkpoint was signed"`
	Sealed  string         `json:"sealed,omitempty" doc:"The newest sealed day"`
	Sealing *SealingView   `json:"sealing,omitempty" doc:"The day that is being sealed"`
	Skipped map[string]int `json:"skipped,omitempty" doc:"Of the newest sealed day: series that could not be read"`
}

// SealingView is how far a day is.
type SealingView struct {
	Day   string `json:"day"`
	Done  int    `json:"done" doc:"Series"`
	Total int    `json:"total"`
}

// DayView is how a series stands in the evidence of a day.
type DayView struct {
	Day    string `json:"day" doc:"UTC day of the commits"`
	State  State  `json:"state" enum:"open,sealed,empty,skipped,shredded,lost,before"`
	Leaf   string `json:"leaf,omitempty" doc:"Index of its entry in the log"`
	Hash   string `json:"hash,omitempty" doc:"The salted digest, hex"`
	Reason string `json:"reason,omitempty" doc:"With skipped"`
}

func dayView(f *Found) DayView {
	v := DayView{Day: f.Day.String(), State: f.State, Reason: f.Reason}
	if f.Digest != nil {
		v.Leaf, v.Hash = digits(f.Leaf), hex.EncodeToString(f.Digest)
	}
	return v
}

// KeyList is a log's public keys.
type KeyList struct {
	Items []string `json:"items" nullable:"false" doc:"As text: name+id+key (C2SP signed-note)"`
}

// Words are what shredding needs.
type Words struct {
	Month  string `json:"month" doc:"UTC calendar month, such as 2026-11"`
	Reason string `json:"reason" doc:"By which duty or request; 3 to 2000 characters"`
}

// ShredView is what was done.
type ShredView struct {
	Record uuid.UUID `json:"record" format:"uuid" doc:"Of its leaf"`
}

// SealProof is a Bundle as the API documents it: the same JSON.
type SealProof struct {
	Format      string           `json:"format" doc:"jingwei-seal-proof/1"`
	Kind        string           `json:"kind" doc:"Of the leaf: samples, correction, withdrawal, audit, retention or shred"`
	Subject     uuid.UUID        `json:"subject" format:"uuid" doc:"What the leaf is about: of samples their series"`
	Day         string           `json:"day,omitempty" doc:"Of samples: UTC day of the commits"`
	FirstCommit string           `json:"firstCommit,omitempty" doc:"Of samples: the commits of that day; a hint by which a wrong row is named, which the proof does not cover"`
	LastCommit  string           `json:"lastCommit,omitempty"`
	Salt        []byte           `json:"salt" doc:"32 bytes. Who has it can try whether payloads that can be guessed are those of the leaf: keep it with the payload"`
	Proof       InclusionProof   `json:"proof"`
	Since       *ConsistentSince `json:"since,omitempty" doc:"With since: the newest checkpoint goes on from the older one"`
}

// InclusionProof shows that an entry is in the log.
type InclusionProof struct {
	Format     string          `json:"format" doc:"jingwei-evidence-proof/1"`
	Index      string          `json:"index"`
	Entry      []byte          `json:"entry"`
	Hashes     []evidence.Hash `json:"hashes" nullable:"false" doc:"From the leaf up, 32 bytes each"`
	Checkpoint string          `json:"checkpoint" doc:"The signed note"`
}

// ConsistentSince shows that the log goes on from an older checkpoint.
type ConsistentSince struct {
	Size   string          `json:"size" doc:"Of the older tree"`
	Hashes []evidence.Hash `json:"hashes" nullable:"false" doc:"RFC 6962, 2.1.2; 32 bytes each"`
}

func proofView(b *Bundle) SealProof {
	some := func(n uint64) string {
		if n == 0 {
			return ""
		}
		return digits(n)
	}
	p := &b.Proof
	v := SealProof{Format: bundleFormat, Kind: b.Kind, Subject: b.Subject, Day: b.Day, FirstCommit: some(b.FirstCommit), LastCommit: some(b.LastCommit), Salt: b.Salt,
		Proof: InclusionProof{proofFormat, digits(p.Index), p.Entry, append([]evidence.Hash{}, p.Hashes...), p.Checkpoint}}
	if b.Since != nil {
		v.Since = &ConsistentSince{digits(b.Since.Size), append([]evidence.Hash{}, b.Since.Hashes...)}
	}
	return v
}

func download(op huma.Operation, contentType string) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// text answers with a small file.
func text(contentType, name string, body []byte) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentType)
		if name != "" {
			hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		}
		_, _ = hc.BodyWriter().Write(body)
	}}
}

const plain = "text/plain; charset=utf-8"

// Routes adds the operations. The log itself is for anybody who is signed in: it holds salted digests, ids and times, and
// a log that some could not read would prove nothing to them. What a leaf is of, its salt and its samples are for the readers
// of the series.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.logRoutes(a)
	s.seriesRoutes(a)
	s.recordRoutes(a)
}

func (s *Service) logRoutes(a *api.Server) {
	type status struct{ Body StatusView }
	api.Register(a, tag.Operation(http.MethodGet, "getEvidence", "/evidence", "How far the evidence is"),
		func(ctx context.Context, _ *struct{}) (*status, error) {
			v, err := s.status(ctx)
			return &status{v}, err
		})
	api.Register(a, download(tag.Operation(http.MethodGet, "getCheckpoint", "/evidence/checkpoint", "The newest signed checkpoint (C2SP tlog-checkpoint)"), "text/plain"),
		func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
			c := s.o.Log.Checkpoint()
			if len(c.Text) == 0 {
				return nil, ErrNoLog.With("size", "0").Header("Retry-After", "5")
			}
			return text(plain, "", c.Text), nil
		})
	type keys struct{ Body KeyList }
	api.Register(a, tag.Operation(http.MethodGet, "listEvidenceKeys", "/evidence/keys", "The log's public keys; compare them with those that the operator has given you"),
		func(ctx context.Context, _ *struct{}) (*keys, error) {
			return &keys{KeyList{Items: append([]string{}, s.o.Keys...)}}, nil
		})
	a.Handle("GET "+api.Base+"/evidence/tile/{path...}", s.tiles(a))
}

// tiles serves the static files of the log, as C2SP tlog-tiles wants it. A tile never changes.
func (s *Service) tiles(a *api.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := auth.Need(r.Context()); err != nil {
			a.WriteProblem(w, r, err)
			return
		}
		name := "tile/" + r.PathValue("path")
		var data []byte
		err := fs.ErrNotExist
		if tileName(name) && s.o.Tiles != nil {
			data, err = s.o.Tiles(name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrTile.At("path.path", name)
		}
		if err != nil {
			a.WriteProblem(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Length", strconv.Itoa(len(data)))
		h.Set("Cache-Control", "private, max-age=31536000, immutable") // private: a caller is needed
		_, _ = w.Write(data)
	})
}

// tileName tells whether a path names a tile or a bundle of entries: tile/<L>/<N>, <N> in groups of three digits, all but the
// last with an x before them, perhaps with .p/<W>.
func tileName(p string) bool {
	list := strings.Split(p, "/")
	if len(list) < 3 || len(list) > 10 || list[0] != "tile" {
		return false
	}
	if level, err := strconv.Atoi(list[1]); list[1] != "entries" && (err != nil || level < 0 || level > 63 || strconv.Itoa(level) != list[1]) {
		return false
	}
	list = list[2:]
	if n := len(list) - 1; n > 0 && strings.HasSuffix(list[n-1], ".p") {
		if w, err := strconv.Atoi(list[n]); err != nil || w < 1 || w > 255 || strconv.Itoa(w) != list[n] {
			return false
		}
		list = list[:n]
		list[n-1] = strings.TrimSuffix(list[n-1], ".p")
	}
	for i, group := range list {
		if i < len(list)-1 {
			var ok bool
			if group, ok = strings.CutPrefix(group, "x"); !ok {
				return false
			}
		}
		if len(group) != 3 || strings.Trim(group, "0123456789") != "" {
			return false
		}
	}
	return true
}

func (s *Service) status(ctx context.Context) (StatusView, error) {
	c := s.o.Log.Checkpoint()
	v := StatusView{Entries: digits(c.Size)}
	if len(c.Text) > 0 {
		at := time.Unix(0, c.Time).UTC()
		v.Root, v.At = c.Root.String(), &at
	}
	if p := s.Progress(); p != nil {
		v.Sealing = &SealingView{p.Day.String(), p.Done, p.Total}
	}
	last, ok, err := lastDay(ctx, s.o.DB)
	if err != nil || !ok {
		return v, err
	}
	if last.Sealed == 0 {
		if last, ok, err = findDay(ctx, s.o.DB, Day(last.Day-1)); err != nil || !ok {
			return v, err
		}
	}
	v.Sealed = Day(last.Day).String()
	if last.Skipped > 0 {
		v.Skipped = map[string]int{v.Sealed: int(last.Skipped)}
	}
	return v, nil
}

// ByDay names a day of a series.
type ByDay struct {
	ID  uuid.UUID `path:"id" format:"uuid"`
	Day string    `path:"day" doc:"UTC day of the commits, such as 2026-11-21"`
}

// Older asks for consistency with an older checkpoint.
type Older struct {
	Since string `query:"since" pattern:"^[0-9]{1,15}$" doc:"Number of entries of a checkpoint that you have kept: proves that the newest one goes on from it"`
}

func (s *Service) seriesRoutes(a *api.Server) {
	type span struct {
		api.ByID
		From string `query:"from" doc:"First day, such as 2026-11-01; 30 days before to when left out"`
		To   string `query:"to" doc:"Behind the last day; tomorrow when left out"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listSeriesEvidence", "/series/{id}/evidence", "How a series stands in the evidence, by commit day (UTC)"),
		func(ctx context.Context, in *span) (*api.List[DayView], error) {
			if _, _, err := s.may(ctx, auth.Read, in.ID); err != nil {
				return nil, err
			}
			to := DayOf(s.o.Now().UnixNano()) + 1
			if err := dayAt(in.To, "query.to", &to); err != nil {
				return nil, err
			}
			from := to - 30
			if err := dayAt(in.From, "query.from", &from); err != nil {
				return nil, err
			}
			if from >= to || to-from > daysAtOnce {
				return nil, ErrSpan.At("query.from", from.String()).With("from", from.String()).With("to", to.String()).With("max", daysAtOnce)
			}
			list, err := s.Days(ctx, in.ID, from, to)
			if err != nil {
				return nil, err
			}
			out := make([]DayView, len(list))
			for i := range list {
				out[i] = dayView(&list[i])
			}
			return api.Listed(out, ""), nil
		})
	type one struct {
		ByDay
		Older
	}
	type bundle struct{ Body SealProof }
	api.Register(a, tag.Operation(http.MethodGet, "getSeriesProof", "/series/{id}/evidence/{day}", "The proof of a day: entry, salt, inclusion proof, checkpoint"),
		func(ctx context.Context, in *one) (*bundle, error) {
			d, err := s.readable(ctx, &in.ByDay)
			if err != nil {
				return nil, err
			}
			b, err := s.Bundle(ctx, in.ID, d, number(in.Since))
			if err != nil {
				return nil, err
			}
			return &bundle{proofView(b)}, nil
		})
	op := tag.Operation(http.MethodGet, "getSeriesEvidenceRows", "/series/{id}/evidence/{day}/samples", "The rows behind a leaf, as JSON lines, from which the leaf can be computed again")
	op.Description = "jingwei verify samples reads this file beside the proof. The header Jingwei-Seal says whether the store still gives what was sealed: " +
		"matches, or differs (retention has dropped samples since, or something was changed)."
	api.Register(a, download(op, RowsType),
		func(ctx context.Context, in *ByDay) (*huma.StreamResponse, error) {
			d, err := s.readable(ctx, in)
			if err != nil {
				return nil, err
			}
			f, row, secret, err := s.sealed(ctx, in.ID, d)
			if err != nil {
				return nil, err
			}
			matches, err := s.matches(ctx, in.ID, &f, &row, secret)
			if err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(hc huma.Context) { s.writeRows(hc, in.ID, d, &row, matches) }}, nil
		})
	type shredding struct {
		api.ByID
		Body Words
	}
	type shredded struct{ Body ShredView }
	api.Register(a, tag.Operation(http.MethodPost, "shredEvidence", "/series/{id}/evidence/shred",
		"Destroy the secret of a series for a month: nobody can tell any more what its leaves were of. This cannot be undone"),
		func(ctx context.Context, in *shredding) (*shredded, error) {
			m, err := ParseMonth(in.Body.Month)
			if err != nil {
				return nil, ErrDay.At("body.month", in.Body.Month)
			}
			id, err := s.Shred(ctx, in.ID, m, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &shredded{ShredView{id}}, nil
		})
}

func (s *Service) recordRoutes(a *api.Server) {
	type one struct {
		api.ByID
		Older
	}
	type bundle struct{ Body SealProof }
	api.Register(a, tag.Operation(http.MethodGet, "getRecordProof", "/evidence/records/{id}",
		"The proof of a correction, an entry of the audit, a tombstone or a shredding, by its id"),
		func(ctx context.Context, in *one) (*bundle, error) {
			r, err := s.mayRecord(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			b, err := s.recordBundle(ctx, &r, number(in.Since))
			if err != nil {
				return nil, err
			}
			return &bundle{proofView(b)}, nil
		})
	api.Register(a, download(tag.Operation(http.MethodGet, "getRecordPayload", "/evidence/records/{id}/payload",
		"The canonical bytes of that record, from which its leaf can be computed again"), "text/plain"),
		func(ctx context.Context, in *api.ByID) (*huma.StreamResponse, error) {
			r, err := s.mayRecord(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			payload, err := s.payload(ctx, &r)
			if err != nil {
				return nil, err
			}
			return text(plain, r.Kind+"-"+in.ID.String()+".txt", payload), nil
		})
}

func dayAt(word, where string, d *Day) error {
	if word == "" {
		return nil
	}
	parsed, err := ParseDay(word)
	if err != nil {
		return ErrDay.At(where, word)
	}
	*d = parsed
	return nil
}

// readable checks day and right.
func (s *Service) readable(ctx context.Context, in *ByDay) (d Day, err error) {
	if _, _, err = s.may(ctx, auth.Read, in.ID); err != nil {
		return 0, err
	}
	return d, dayAt(in.Day, "path.day", &d)
}

// matches tells whether the store still gives the digest that was sealed.
func (s *Service) matches(ctx context.Context, series uuid.UUID, f *Found, row *dayRow, secret []byte) (bool, error) {
	l, err := newLeaf(row.between(), series, f.Day, salt(secret, f.Day))
	if err != nil {
		return false, err
	}
	if err := s.rows(ctx, series, row, func(r *telemetry.Run, _ telemetry.Between) error { return l.add(r) }); err != nil {
		return false, err
	}
	digest, err := l.digest()
	return string(digest) == string(f.Digest), err
}

// writeRows streams the rows. What goes wrong on the way cuts the connection: the file then has no last line.
func (s *Service) writeRows(hc huma.Context, series uuid.UUID, d Day, row *dayRow, matches bool) {
	_, w := humago.Unwrap(hc)
	h := w.Header()
	h.Set("Content-Type", RowsType)
	h.Set("Content-Disposition", `attachment; filename="samples-`+series.String()+`-`+d.String()+`.jsonl"`)
	h.Set("Jingwei-Seal", map[bool]string{true: "matches", false: "differs"}[matches])
	out := newRowsWriter(deadlined{w, http.NewResponseController(w)}, series, d)
	var scratch tuple.Row
	err := s.rows(hc.Context(), series, row, func(r *telemetry.Run, w telemetry.Between) error { return rowsOf(r, w, &scratch, out.add) })
	if err == nil {
		err = out.close()
	}
	if err != nil {
		s.o.Logger.Warn("the rows of a leaf were not sent to their end", "series", series, "day", d.String(), "error", err)
		panic(http.ErrAbortHandler)
	}
}

// deadlined gives each write its own time, so that a long file is not cut and a reader who takes nothing is.
type deadlined struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (d deadlined) Write(b []byte) (int, error) {
	_ = d.control.SetWriteDeadline(time.Now().Add(time.Minute)) // a socket's
	return d.w.Write(b)
}

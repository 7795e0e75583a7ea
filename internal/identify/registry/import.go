package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/zeebo/xxh3"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// ImportKind is the kind of the job that registers the identifiers of a file. Its handler is HandleImport.
const ImportKind = "identify.import"

// Mode says what becomes of a file of which rows are wrong.
type Mode string

// The modes.
const (
	Whole   Mode = "whole"   // nothing of it is taken
	Proceed Mode = "proceed" // the rows that are right are taken
)

// Import is what a job of bulk registration was asked for.
type Import struct {
	File      blob.ID          `json:"file"`
	Format    Format           `json:"format"`
	Prefix    string           `json:"prefix"`
	Template  string           `json:"template,omitempty"`
	Mode      Mode             `json:"mode"`
	Overwrite bool             `json:"overwrite,omitempty"`
	By        IdentifierAuthor `json:"by"`
	Org       uuid.UUID        `json:"org"`
}

// Imported is what a job leaves.
type Imported struct {
	Rows     int64 `json:"rows,string"`
	Accepted int64 `json:"accepted,string"`
	Refused  int64 `json:"refused,string" doc:"Rows that were refused"`
	Faults   int64 `json:"faults,string" doc:"What is wrong with them; the sheet of faults tells the first 100,000"`
	Undone   bool  `json:"undone,omitempty" doc:"Rows that had been accepted were taken back: the file is taken whole or not at all, and a row was refused after the check"`
}

type faultRow struct {
	bun.BaseModel `bun:"table:identify_import_fault,alias:f"`

	Job    uuid.UUID `bun:"job,pk"`
	Number int64     `bun:"number,pk"`
	Line   int64
	Item   string
	Value  string
	Reason string
	Mend   string
}

// StartImport keeps a file and begins a job that registers its identifiers. once names the call: when it comes again the same job is
// answered. Errors: ErrPrefix, ErrTemplate, ErrNotHomed, ErrOnce, ErrFile.
func (s *Service) StartImport(ctx context.Context, data []byte, in Import, once, reason string) (job.Job, error) {
	scope, p, err := s.prefixFor(ctx, auth.Operate, in.Prefix, "query.prefix")
	if err != nil {
		return job.Job{}, err
	}
	if p.State != Homed {
		return job.Job{}, ErrNotHomed.At("query.prefix", in.Prefix)
	}
	if in.Template != "" && s.templates.get(p.Number, in.Template) == nil {
		return job.Job{}, ErrTemplate.At("query.template", in.Template)
	}
	if in.Format == "" {
		in.Format = guess(data)
	}
	if len(data) == 0 || len(data) > MaxFile || in.Format == XLSX && len(data) > table.MaxFile {
		return job.Job{}, ErrFile.At("body", len(data)).With("reason", text.Text{Zh: "文件为空或过大", En: "The file is empty or too large"})
	}
	info, err := s.o.Blobs.Put(ctx, bytes.NewReader(data), MaxFile)
	if err != nil {
		return job.Job{}, err
	}
	in.File, in.By, in.Org = info.ID, authorOf(scope.Principal()), p.Org
	raw, err := json.Marshal(in)
	if err != nil {
		return job.Job{}, err
	}
	row := onceRow{Org: p.Org, Once: once, Digest: fmt.Sprintf("import %016x", xxh3.Hash(raw)), At: s.o.Now().UnixNano()}
	var j job.Job
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if once != "" {
			var old onceRow
			err := store.Err(tx.NewSelect().Model(&old).Where("o.org = ? AND o.once = ?", row.Org, once).Scan(ctx))
			if err == nil {
				if old.Digest != row.Digest {
					return ErrOnce.At("header.Idempotency-Key", once)
				}
				return json.Unmarshal([]byte(old.Result), &j)
			}
			if !errors.Is(err, store.ErrNotFound) {
				return wrap("look for a call", err)
			}
		}
		var err error
		if j, err = s.o.Jobs().Submit(ctx, job.Request{Org: p.Org, Kind: ImportKind, Actor: in.By.Name, Input: in}); err != nil {
			return err
		}
		if once != "" {
			told, err := json.Marshal(job.Job{ID: j.ID, Org: j.Org, Kind: j.Kind})
			if err != nil {
				return err
			}
			row.Result = string(told)
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return wrap("note a call", err)
			}
		}
		entry := scope.Act(ctx, s.o.Now(), "identify.identifier.import", audit.Object{Kind: "identify.import", ID: j.ID.String(), Name: p.Name}, nil, map[string]any{"file": in.File, "format": in.Format, "mode": in.Mode})
		entry.Reason = reason
		return audit.Record(ctx, tx, entry)
	})
	if err != nil {
		return job.Job{}, err
	}
	return s.o.Jobs().Get(ctx, scope, j.ID)
}

func guess(data []byte) Format {
	if table.Guess(data) == table.XLSX {
		return XLSX
	}
	if b := bytes.TrimLeft(data, " \t\r\n\ufeff"); len(b) > 0 && b[0] == '{' {
		return NDJSON
	}
	return CSV
}

// Faults is the sheet of what is wrong with the rows of a job. Errors: store.ErrNotFound.
func (s *Service) Faults(ctx context.Context, id uuid.UUID, f table.Format, lang string) ([]byte, error) {
	if _, err := s.Job(ctx, id); err != nil {
		return nil, err
	}
	var rows []faultRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("f.job = ?", id).OrderExpr("f.number").Limit(maxFaults).Scan(ctx); err != nil {
		return nil, wrap("read faults", err)
	}
	out := table.Out{Name: "faults", Heading: []string{"row", "column", "value", "reason", "mend"}}
	if lang == "zh" {
		out.Heading = []string{"行", "列", "值", "原因", "改正"}
	}
	for _, r := range rows {
		var reason, mend text.Text
		if err := errors.Join(json.Unmarshal([]byte(r.Reason), &reason), json.Unmarshal([]byte(r.Mend), &mend)); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, []string{fmt.Sprint(r.Line), r.Item, r.Value, reason.In(lang), mend.In(lang)})
	}
	return table.Write(f, out)
}

// Job is a job of bulk registration that the caller may see. Error: store.ErrNotFound.
func (s *Service) Job(ctx context.Context, id uuid.UUID) (job.Job, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return job.Job{}, err
	}
	j, err := s.o.Jobs().Get(ctx, scope, id)
	if err == nil && j.Kind != ImportKind {
		return job.Job{}, fmt.Errorf("job %s: %w", id, store.ErrNotFound)
	}
	return j, err
}

// CancelImport ends a job. What was accepted of a file that proceeds stays. Errors: store.ErrNotFound, job.ErrEnded.
func (s *Service) CancelImport(ctx context.Context, id uuid.UUID) error {
	j, err := s.Job(ctx, id)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Operate, j.Org)
	if err != nil {
		return err
	}
	return s.o.Jobs().Cancel(ctx, scope, id)
}

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/zeebo/xxh3"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// phase of a job.
type phase string

const (
	checking  phase = "check"
	accepting phase = "accept"
	undoing   phase = "undo"
	ended     phase = "end"
)

// progress is where a job goes on after a restart.
type progress struct {
	Phase phase `json:"phase"`
	Read  int64 `json:"read"` // rows of the phase that are done
	Imported
}

const (
	rowsAtOnce = 5000
	maxFaults  = 100_000
)

// importing is one run of a job.
type importing struct {
	s   *Service
	run *job.Run
	in  Import
	p   Prefix
	t   *Template
	at  progress

	total  int64
	seen   map[uint64]int32 // line by the hash of a key, of the check
	faults []faultRow       // that wait to be written
}

// HandleImport registers the identifiers of a file: it checks all rows, and then accepts them in groups. It goes on where an interrupted
// run was.
func (s *Service) HandleImport(ctx context.Context, run *job.Run) (any, error) {
	x := &importing{s: s, run: run, at: progress{Phase: checking}}
	if err := run.Decode(&x.in); err != nil {
		return nil, err
	}
	if _, err := run.State(&x.at); err != nil {
		return nil, err
	}
	p, ok := s.prefixes.get(folded(x.in.Prefix))
	if !ok || p.Org != x.in.Org {
		return nil, errors.New("the prefix does not belong to the organisation any more")
	}
	if x.p = p.Prefix; x.in.Template != "" {
		if x.t = s.templates.get(p.Number, x.in.Template); x.t == nil {
			return nil, errors.New("the template is not there any more")
		}
	}
	cancelled := func() error { return nil }
	for x.at.Phase != ended {
		var err error
		switch x.at.Phase {
		case checking:
			err = x.check(ctx)
		case accepting:
			err = x.accept(ctx)
		case undoing:
			err = x.undo(context.WithoutCancel(ctx))
		}
		var broken *table.Error
		switch {
		case errors.As(err, &broken): // it is the file: told as a fault of line 0
			x.fault(&row{faults: []*Fault{{"", "", broken.Text, text.Text{Zh: "请改正文件后重新上传", En: "Mend the file and hand it in again"}}}})
			x.at.Phase, x.at.Refused = ended, max(x.at.Refused, 1)
			err = x.save(ctx, nil)
		case errors.Is(context.Cause(ctx), job.ErrCancelled) && x.at.Phase == accepting && x.in.Mode == Whole:
			x.takeBack()
			was := ctx
			cancelled, ctx = func() error { return context.Cause(was) }, context.WithoutCancel(ctx)
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return x.at.Imported, cancelled()
}

// each reads the file from where the phase is, in groups of rows; do works one out, and saves.
func (x *importing) each(ctx context.Context, from int64, do func([]*row) error) error {
	f, _, err := x.s.o.Blobs.Get(x.in.File)
	if err != nil {
		return err
	}
	defer f.Close()
	n, group := int64(0), make([]*row, 0, rowsAtOnce)
	err = readRows(x.in.Format, f, x.p.Name, x.t, func(r *row) error {
		if n++; n <= from {
			if x.seen != nil {
				x.remember(r)
			}
			return nil
		}
		if group = append(group, r); len(group) < rowsAtOnce {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		err := do(group)
		group = group[:0]
		return err
	})
	if err == nil && len(group) > 0 {
		err = do(group)
	}
	return err
}

// save notes progress and faults, in the transaction of what they belong to where there is one.
func (x *importing) save(ctx context.Context, tx *bun.Tx) error {
	write := func(ctx context.Context, tx bun.Tx) error {
		if len(x.faults) > 0 {
			for rest := x.faults; len(rest) > 0; {
				n := min(len(rest), 500)
				part := rest[:n]
				if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
					return wrap("write faults", err)
				}
				rest = rest[n:]
			}
		}
		return x.run.SaveIn(ctx, tx, x.at, x.done(), x.total)
	}
	var err error
	if tx != nil {
		err = write(ctx, *tx)
	} else {
		err = x.s.o.DB.InTx(ctx, write)
	}
	return err
}

// done is the progress: a row counts once when it is checked, and once when it is accepted.
func (x *importing) done() int64 {
	if x.at.Phase == checking {
		return x.at.Read
	}
	x.total = 2 * x.at.Rows
	return min(x.at.Rows+x.at.Read, x.total)
}

func (x *importing) fault(r *row) {
	for _, f := range r.faults {
		x.at.Faults++
		if x.at.Faults > maxFaults {
			continue
		}
		reason, _ := json.Marshal(f.Reason) // texts always encode
		mend, _ := json.Marshal(f.Mend)
		x.faults = append(x.faults, faultRow{Job: x.run.ID, Number: x.at.Faults, Line: int64(r.line), Item: f.Item, Value: f.Value, Reason: string(reason), Mend: string(mend)})
	}
}

// remember notes the key of a row and returns the line that had it before.
func (x *importing) remember(r *row) (before int32, twice bool) {
	h := xxh3.Hash(handle.Fold(nil, []byte(r.name)))
	if before, twice = x.seen[h]; !twice {
		x.seen[h] = int32(r.line)
	}
	return before, twice
}

// look finds what is wrong with a row without changing anything.
func (x *importing) look(r *row) {
	bad := func(item, value, zh, en, mendZh, mendEn string) {
		r.faults = append(r.faults, &Fault{item, clip(value), text.Text{Zh: zh, En: en}, text.Text{Zh: mendZh, En: mendEn}})
	}
	if r.name == "" {
		bad("identifier", "", "未填写标识", "has no identifier", "请填写标识或后缀", "Give an identifier or a suffix")
		return
	}
	if before, twice := x.remember(r); twice {
		bad("identifier", string(r.name), fmt.Sprintf("与第 %d 行重复", before), fmt.Sprintf("stands in row %d already", before), "请删除其中一行", "Remove one of the rows")
	}
	if folded(r.name.Prefix()) != x.p.Prefix {
		bad("identifier", string(r.name), "不属于前缀 "+x.p.Name, "is not of the prefix "+x.p.Name, "请核对前缀", "Check the prefix")
		return
	}
	c := x.change(r)
	if err := c.check(); err != nil {
		r.faults = append(r.faults, refusedFault(r, err))
		return
	}
	if x.t != nil {
		r.faults = append(r.faults, x.t.checkRecord(c.Values)...)
	}
	if x.in.Overwrite {
		return
	}
	if record, _, err := x.s.current(context.Background(), handle.Fold(nil, []byte(r.name))); err == nil && record != nil {
		bad("identifier", string(r.name), "已注册", "is registered already", "请换一个标识，或选择覆盖", "Use another one, or overwrite")
	}
}

func refusedFault(r *row, err error) *Fault {
	f := &Fault{Item: "identifier", Value: clip(string(r.name)), Reason: text.Both(err.Error()), Mend: text.Text{Zh: "请改正该行", En: "Correct the row"}}
	var refused *handle.Refusal
	if errors.As(err, &refused) {
		f.Reason = text.Both(refused.Error())
		if refused.Code == handle.AlreadyExists {
			f.Reason = text.Text{Zh: "已注册", En: "is registered already"}
		}
	}
	return f
}

func (x *importing) change(r *row) Change {
	values := r.values
	if x.t != nil {
		values = x.t.Bind(values)
	}
	return Change{Operation: Create, Name: r.name, Values: values, Overwrite: x.in.Overwrite}
}

func (x *importing) check(ctx context.Context) error {
	x.seen = map[uint64]int32{}
	defer func() { x.seen = nil }()
	err := x.each(ctx, x.at.Read, func(group []*row) error {
		for _, r := range group {
			if x.look(r); len(r.faults) > 0 {
				x.at.Refused++
				x.fault(r)
			}
		}
		x.at.Read += int64(len(group))
		err := x.save(ctx, nil)
		x.faults = x.faults[:0]
		return err
	})
	if err != nil {
		return err
	}
	x.at.Rows, x.at.Read = x.at.Read, 0
	if x.at.Phase = accepting; x.at.Refused > 0 {
		if x.in.Mode == Whole {
			x.at.Phase = ended
		} else { // what is wrong is found again, with what has become wrong since
			x.at.Refused, x.at.Faults = 0, 0
			if err := x.forget(ctx); err != nil {
				return err
			}
		}
	}
	return x.save(ctx, nil)
}

// forget removes the faults of the check.
func (x *importing) forget(ctx context.Context) error {
	return x.s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewDelete().Model((*faultRow)(nil)).Where("job = ?", x.run.ID).Exec(ctx)
		return wrap("forget faults", err)
	})
}

func (x *importing) accept(ctx context.Context) error {
	x.seen = map[uint64]int32{}
	defer func() { x.seen = nil }()
	refusedLate := errors.New("a row was refused")
	err := x.each(ctx, x.at.Read, func(group []*row) error {
		before := x.at
		r := &request{by: x.in.By}
		var asked []*row
		for _, row := range group {
			if x.in.Mode == Proceed {
				x.look(row)
			}
			if len(row.faults) == 0 {
				r.changes, asked = append(r.changes, x.change(row)), append(asked, row)
				continue
			}
			x.at.Refused++
			x.fault(row)
		}
		r.whole = x.in.Mode == Whole
		looked, found := x.at, len(x.faults)
		r.within = func(ctx context.Context, tx bun.Tx, out *outcome) error {
			x.at, x.faults = looked, x.faults[:found] // a transaction may run again
			for i, err := range out.Errors {
				if err != nil {
					x.at.Refused++
					asked[i].faults = faultsOf(asked[i], err)
					x.fault(asked[i])
				}
			}
			x.at.Accepted += int64(len(out.Errors) - out.Refused)
			x.at.Read += int64(len(group))
			return x.save(ctx, &tx)
		}
		err := x.s.submit(context.WithoutCancel(ctx), r) // what is being committed is waited for
		if r.whole && r.out.Refused > 0 {
			for i, err := range r.out.Errors {
				if err != nil {
					x.at.Refused++
					asked[i].faults = faultsOf(asked[i], err)
					x.fault(asked[i])
				}
			}
			return refusedLate
		}
		if err != nil {
			x.at = before
		}
		x.faults = x.faults[:0]
		return err
	})
	if errors.Is(err, refusedLate) {
		x.takeBack()
		err = x.save(ctx, nil)
		x.faults = x.faults[:0]
		return err
	}
	if err != nil {
		return err
	}
	x.at.Phase = ended
	return x.save(ctx, nil)
}

func faultsOf(r *row, err error) []*Fault {
	var items *itemsRefused
	if errors.As(err, &items) {
		return items.faults
	}
	return []*Fault{refusedFault(r, err)}
}

// takeBack goes on with what takes accepted rows back. What was overwritten stays: the versions before it are there for whoever wants them.
func (x *importing) takeBack() {
	if x.at.Phase = undoing; x.in.Overwrite {
		x.at.Phase = ended
		return
	}
	x.at.Undone, x.at.Read = true, x.at.Accepted
}

// undo deletes the rows that were accepted, from the first one on.
func (x *importing) undo(ctx context.Context) error {
	n, most := int64(0), x.at.Read
	err := x.each(ctx, 0, func(group []*row) error {
		r := &request{by: systemAuthor}
		for _, row := range group {
			if n++; n <= most {
				r.changes = append(r.changes, Change{Operation: Delete, Name: row.name})
			}
		}
		if len(r.changes) == 0 {
			return errEnough
		}
		return x.s.submit(ctx, r) // one that is deleted already is refused, which is as well
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	x.at.Phase, x.at.Accepted = ended, 0
	return x.save(ctx, nil)
}

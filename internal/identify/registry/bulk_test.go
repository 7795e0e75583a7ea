package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// content is a template of bearings.
func content() TemplateContent {
	return TemplateContent{Name: text.Text{Zh: "轴承", En: "Bearing"}, Category: "C", Division: "34", Group: "345", Class: "3451", Object: OtherObject, Items: []TemplateItem{
		{Name: "product", Label: text.Text{Zh: "产品名称", En: "Product"}, Type: StringItem, Required: true},
		{Name: "serial", Label: text.Text{Zh: "序列号", En: "Serial number"}, Type: StringItem, Unique: true, Pattern: "[A-Z0-9]{1,20}"},
		{Name: "diameter", Label: text.Text{Zh: "外径", En: "Outer diameter"}, Type: NumberItem},
		{Name: "made", Label: text.Text{Zh: "生产日期", En: "Made on"}, Type: DateItem},
		{Name: "cost", Label: text.Text{Zh: "成本", En: "Cost"}, Type: NumberItem, Private: true},
	}}
}

// published makes the template 1.0.0 of a prefix.
func (w *world) published(prefix string) *Template {
	w.t.Helper()
	_, err := w.Draft(engineer, prefix, "1.0.0", content())
	w.must(err)
	t, err := w.Publish(engineer, prefix, "1.0.0")
	w.must(err)
	return t
}

// item is the value of a template's item; its index is found by its name.
func item(name, data string) handle.Value {
	return handle.Value{Type: name, Data: []byte(data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
}

func (w *world) register(name string, values ...handle.Value) error {
	_, err := w.Submit(engineer, Batch{Whole: true, Inputs: []Input{{Change: Change{Operation: Create, Name: handle.Name(name), Values: values}, Template: "1.0.0"}}})
	return err
}

func TestRecordsFollowTheirTemplate(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		bad := content()
		bad.Items[1].Index = 1000
		_, err := w.Draft(engineer, "88.101", "1.0.0", bad)
		w.is(err, ErrTemplates)
		bad = content()
		bad.Group = "999"
		_, err = w.Draft(engineer, "88.101", "1.0.0", bad)
		w.is(err, ErrTemplates)
		_, err = w.Draft(stranger, "88.101", "1.0.0", content())
		w.is(err, ErrPrefix)
		_, err = w.Draft(engineer, "88.101", "1.0.0", content())
		w.must(err)
		if err := w.register("88.101/a", item("product", "x")); !errors.Is(err, ErrValue) {
			w.t.Errorf("by a draft: %v", err)
		}
		tpl, err := w.Publish(engineer, "88.101", "1.0.0")
		w.must(err)
		if tpl.Content.Items[3].Index != 2003 || tpl.State != Published {
			w.t.Errorf("%+v", tpl)
		}
		_, err = w.Draft(engineer, "88.101", "1.0.0", content())
		w.is(err, ErrPublished)
		for _, c := range []struct {
			says   string
			values []handle.Value
		}{
			{"is missing", nil},
			{"is not a number", []handle.Value{item("product", "x"), item("diameter", "wide")}},
			{"is not a date", []handle.Value{item("product", "x"), item("made", "2026-02-30")}},
			{"does not have the form", []handle.Value{item("product", "x"), item("serial", "a b")}},
			{"no such index", []handle.Value{item("product", "x"), urlValue(2999, "x")}},
			{"do not belong together", []handle.Value{item("product", "x"), urlValue(2001, "x")}},
		} {
			err := w.register("88.101/a", c.values...)
			w.is(err, ErrItem)
			if err == nil || !strings.Contains(err.Error()+fmt.Sprint(errorsOf(err)), c.says) {
				w.t.Errorf("%q: got %v", c.says, err)
			}
		}
		w.must(w.register("88.101/a", urlValue(1, "https://example.com/a"), item("product", "深沟球轴承"), item("serial", "S1"), item("diameter", "62"), item("made", "2026-03-01")))
		if got := w.data("88.101/a", 1001) + w.data("88.101/a", 2000); got != "1.0.0深沟球轴承" {
			w.t.Errorf("it holds %q", got)
		}
		if err := w.register("88.101/b", item("product", "x"), item("serial", "S1")); !errors.Is(err, ErrValue) {
			w.t.Errorf("a serial number twice: %v", err)
		}
		w.refused(w.Modify(bg, li, "88.101/a", []handle.Value{urlValue(2000, "not its type")}), handle.InvalidValue) // over the wire too
		w.must(w.register("88.101/p", item("product", "x"), item("cost", "7")))
		if r, err := w.Resolve(bg, "88.101/p"); err != nil || len(r.Values) != 3 {
			w.t.Errorf("anybody sees %+v, %v", r, err)
		}
		open := item("cost", "8")
		open.Index = 2004
		w.refused(w.Modify(bg, li, "88.101/p", []handle.Value{open}), handle.InvalidValue)
		_, err = w.Withdraw(engineer, "88.101", "1.0.0", "another follows")
		w.must(err)
		if err := w.register("88.101/c", item("product", "x")); !errors.Is(err, ErrValue) {
			w.t.Errorf("by a withdrawn one: %v", err)
		}
		w.must(w.Service.Add(bg, li, "88.101/a", []handle.Value{urlValue(2, "more")}, false))
		w.restart()
		if list, err := w.Templates(engineer, "88.101"); err != nil || len(list) != 1 || list[0].State != Retired || list[0].Content.Items[1].pattern == nil {
			w.t.Errorf("%+v, %v", list, err)
		}
	})
}

func errorsOf(err error) (out []any) {
	var p interface{ Attributes() map[string]any }
	if errors.As(err, &p) {
		for _, v := range p.Attributes() {
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}

func TestIdentifiersAreFoundByWordsAndAttributes(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		w.published("88.101")
		for i := range 30 {
			product := "深沟球轴承"
			if i%3 == 0 {
				product = "圆锥滚子轴承 Timken"
			}
			w.must(w.register(fmt.Sprintf("88.101/b%02d", i), item("product", product), item("serial", fmt.Sprintf("S%d", i)), item("diameter", fmt.Sprint(20+i)), item("made", fmt.Sprintf("2026-03-%02d", i+1))))
		}
		w.must(w.Modify(bg, li, "88.101/b00", []handle.Value{{Index: 2000, Type: "product", Data: []byte("调心球轴承"), Permissions: handle.DefaultPermissions}}))
		w.must(w.Delete(bg, li, "88.101/b03"))
		for _, c := range []struct {
			q    Query
			want int
		}{
			{Query{}, 29}, {Query{Begins: "B1"}, 10}, {Query{Words: "深沟球"}, 20}, {Query{Words: "滚子 timken"}, 8}, {Query{Words: "调心"}, 1}, {Query{Words: "滚子调心"}, 0},
			{Query{Words: "轴承"}, 29},
			{Query{Where: []string{"diameter>=45"}}, 5}, {Query{Where: []string{"外径<22"}}, 0}, {Query{Where: []string{"diameter<22"}}, 2}, {Query{Where: []string{"2002=30"}}, 1}, {Query{Where: []string{"serial=s7"}}, 1},
			{Query{Where: []string{"serial~S1"}}, 11}, {Query{Where: []string{"made>=2026-03-20", "made<2026-03-25"}}, 5}, {Query{Words: "滚子", Where: []string{"diameter>40"}}, 3},
		} {
			c.q.Prefix = "88.101"
			list, next, err := w.Find(engineer, c.q, store.Page{})
			if c.q.Where != nil && strings.HasPrefix(c.q.Where[0], "外径") {
				w.is(err, ErrQuery)
				continue
			}
			if err != nil || len(list) != c.want || next != "" {
				w.t.Errorf("%+v: %d found, want %d, %v", c.q, len(list), c.want, err)
			}
			if n, err := w.Total(engineer, c.q); err != nil || int(n) != c.want {
				w.t.Errorf("%+v: total %d, want %d, %v", c.q, n, c.want, err)
			}
		}
		var names []string
		page := store.Page{Limit: 7}
		for {
			list, next, err := w.Find(engineer, Query{Prefix: "88.101"}, page)
			w.must(err)
			for _, v := range list {
				names = append(names, string(v.Name))
			}
			if page.After = next; next == "" {
				break
			}
		}
		if len(names) != 29 || names[0] != "88.101/b00" || names[28] != "88.101/b29" {
			w.t.Errorf("%v", names)
		}
		_, _, err := w.Find(stranger, Query{Prefix: "88.101"}, store.Page{})
		w.is(err, ErrPrefix)
		for _, bad := range []Query{{Where: []string{"diameter"}}, {Where: []string{"diameter>x"}}, {Where: []string{"product>x"}}, {Words: "!"}} {
			bad.Prefix = "88.101"
			_, _, err := w.Find(engineer, bad, store.Page{})
			w.is(err, ErrQuery)
		}
	})
}

func TestACallThatComesTwiceChangesNothingTwice(t *testing.T) {
	each(t, func(w *world) {
		w.home("88.101", steel)
		b := Batch{Once: "order-7", Inputs: []Input{{Change: Change{Operation: Create, Name: "88.101/a", Values: []handle.Value{urlValue(1, "a")}}}, {Change: Change{Operation: Delete, Name: "88.101/none"}}}}
		first, err := w.Submit(engineer, b)
		w.must(err)
		second, err := w.Submit(engineer, b)
		w.must(err)
		a, _ := json.Marshal(first)
		c, _ := json.Marshal(second)
		if !bytes.Equal(a, c) || first[0].Serial == 0 || first[1].Code != "identifier-unknown" {
			w.t.Errorf("%s, then %s", a, c)
		}
		b.Inputs[0].Name = "88.101/b"
		_, err = w.Submit(engineer, b)
		w.is(err, ErrOnce)
		b.Once = ""
		b.Inputs = b.Inputs[:1]
		_, err = w.Submit(stranger, b)
		w.is(err, ErrPrefix)
	})
}

// bulk gives a world jobs and blobs.
func (w *world) bulk() {
	w.t.Helper()
	blobs, err := blob.Open(file.OS(), filepath.Join(w.t.TempDir(), "blobs"), MaxFile)
	w.must(err)
	w.o.Blobs, w.o.Jobs = blobs, func() *job.Runner { return w.jobs }
	w.restart()
	w.work()
}

// work starts the runner of jobs.
func (w *world) work() {
	w.t.Helper()
	var err error
	w.jobs, err = job.New(bg, job.Options{DB: w.o.DB, Handlers: map[string]job.Handler{ImportKind: w.HandleImport}, Poll: 10 * time.Millisecond, Now: time.Now, Attempts: 50})
	w.must(err)
	w.must(w.jobs.Start(bg))
}

func (w *world) idle() {
	w.t.Helper()
	w.must(w.jobs.Stop(bg))
}

// ended waits until a job has ended.
func (w *world) finished(id uuid.UUID) (job.Job, Imported) {
	w.t.Helper()
	for {
		j, err := w.Job(engineer, id)
		w.must(err)
		if j.Status.Ended() {
			var out Imported
			if len(j.Output) > 0 {
				w.must(json.Unmarshal(j.Output, &out))
			}
			return j, out
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (w *world) load(data string, in Import, once string) (job.Job, Imported) {
	w.t.Helper()
	in.Prefix = "88.101"
	j, err := w.StartImport(engineer, []byte(data), in, once, "test")
	w.must(err)
	return w.finished(j.ID)
}

func TestAFileIsTakenWholeOrByRowWithFaultsByTheirPlace(t *testing.T) {
	each(t, func(w *world) {
		w.bulk()
		defer w.idle()
		w.home("88.101", steel)
		w.published("88.101")
		w.must(w.register("88.101/there", item("product", "x"), item("serial", "OLD")))
		sheet := "标识,产品名称,serial,外径,生产日期,1 URL\n" +
			"88.101/n1,轴承,A1,1.5,2026-01-01,https://example.com/1\n" +
			"88.101/n2,,A2,1.5,2026-01-01,\n" + // line 3: no product
			"88.101/n3,轴承,A3,wide,2026-01-40,\n" + // line 4: two faults
			"88.101/N1,轴承,A4,,,\n" + // line 5: line 2 again
			"88.102/n4,轴承,A5,,,\n" + // line 6: another prefix
			"88.101/there,轴承,A6,,,\n" + // line 7: is there
			"88.101/n5,轴承,OLD,,,\n" + // line 8: a serial number that is taken
			"88.101/n6,轴承,A7,,,\n"
		j, out := w.load(sheet, Import{Template: "1.0.0", Mode: Whole}, "")
		if j.Status != job.Done || out.Accepted != 0 || out.Refused != 5 || out.Faults != 6 || w.data("88.101/n1", 1) != "-" {
			w.t.Errorf("%+v, %+v", j, out)
		}
		j, out = w.load(sheet, Import{Template: "1.0.0", Mode: Proceed}, "")
		if j.Status != job.Done || out.Accepted != 2 || out.Refused != 6 || out.Faults != 7 || w.data("88.101/n1", 1) != "https://example.com/1" || w.data("88.101/n6", 2000) != "轴承" {
			w.t.Errorf("%+v, %+v", j, out)
		}
		data, err := w.Faults(engineer, j.ID, table.CSV, "en")
		w.must(err)
		sheets, err := table.Read(table.CSV, data)
		w.must(err)
		var lines []string
		for _, r := range sheets[0].Rows {
			lines = append(lines, r.Cell(0)+" "+r.Cell(1))
		}
		if got, want := strings.Join(lines, ", "), "3 product, 4 diameter, 4 made, 5 identifier, 6 identifier, 7 identifier, 8 identifier"; got != want {
			w.t.Errorf("faults at %s, want %s", got, want)
		}
		_, err = w.Faults(stranger, j.ID, table.CSV, "en")
		w.is(err, store.ErrNotFound)

		// The other formats, the same key twice, and overwriting.
		lines2 := `{"suffix":"j1","items":{"产品名称":"a"},"values":[{"index":1,"type":"URL","data":"u"}]}` + "\n" + `{"identifier":"88.101/j2","items":{"product":"b"}}` + "\n"
		j, out = w.load(lines2, Import{Template: "1.0.0", Mode: Whole}, "once")
		again, _ := w.load(lines2, Import{Template: "1.0.0", Mode: Whole}, "once")
		if out.Accepted != 2 || again.ID != j.ID || w.data("88.101/j1", 1) != "u" {
			w.t.Errorf("%+v, %v, %v", out, j.ID, again.ID)
		}
		xlsx, err := table.Write(table.XLSX, table.Out{Name: "x", Heading: []string{"后缀", "Product"}, Rows: [][]string{{"x1", "甲"}, {"x2", "乙"}}})
		w.must(err)
		if _, out = w.load(string(xlsx), Import{Template: "1.0.0", Mode: Whole}, ""); out.Accepted != 2 || w.data("88.101/x2", 2000) != "乙" {
			w.t.Errorf("%+v", out)
		}
		if _, out = w.load("suffix,product\nx3,'=1+1\nx4,'plain'\n", Import{Template: "1.0.0", Mode: Whole}, ""); out.Accepted != 2 || w.data("88.101/x3", 2000) != "=1+1" || w.data("88.101/x4", 2000) != "'plain'" {
			w.t.Errorf("%+v", out)
		}
		if _, out = w.load("suffix,product\nx2,丙\n", Import{Template: "1.0.0", Mode: Whole, Overwrite: true}, ""); out.Accepted != 1 || w.data("88.101/x2", 2000) != "丙" {
			w.t.Errorf("%+v", out)
		}
		for _, bad := range []string{"suffix,wrong\nx,y\n", "product\nx\n", "suffix,product\n\"x,y\n", "{\"suffix\":\n"} {
			if j, out = w.load(bad, Import{Template: "1.0.0", Mode: Whole}, ""); j.Status != job.Done || out.Accepted != 0 || out.Refused != 1 || out.Faults < 1 {
				w.t.Errorf("%q: %+v, %+v", bad, j, out)
			}
		}
	})
}

// big is a file of n rows, of which the one at wrong has a fault (0: none).
func big(n, wrong int) string {
	var b strings.Builder
	b.WriteString("suffix,product,serial,1 URL,2 EMAIL\n")
	for i := 1; i <= n; i++ {
		product := "深沟球轴承"
		if i == wrong {
			product = ""
		}
		fmt.Fprintf(&b, "%08d,%s,S%d,https://id.example.com/p/%08d,service@example.com\n", i, product, i, i)
	}
	return b.String()
}

func TestAnImportGoesOnAfterTheProcessEnded(t *testing.T) {
	each(t, func(w *world) {
		w.bulk()
		w.home("88.101", steel)
		w.published("88.101")
		const n = 12_000
		j, err := w.StartImport(engineer, []byte(big(n, 0)), Import{Prefix: "88.101", Template: "1.0.0", Mode: Whole}, "", "test")
		w.must(err)
		stops := 0
		for last := int64(-1); ; {
			now, err := w.Job(engineer, j.ID)
			w.must(err)
			if now.Status.Ended() {
				break
			}
			if now.Done >= last+5000 && stops < 5 {
				last = now.Done
				stops++
				w.idle() // the process ends: job and registry
				w.restart()
				w.work()
			}
			time.Sleep(time.Millisecond)
		}
		j, out := w.finished(j.ID)
		if j.Status != job.Done || out.Accepted != n || out.Rows != n || out.Refused != 0 || stops < 2 {
			w.t.Errorf("%+v, %+v, %d stops", j, out, stops)
		}
		if got, err := w.Count(bg, "0.NA/88.101"); err != nil || got != n {
			w.t.Errorf("%d identifiers, %v", got, err)
		}
		past, _, err := w.History(engineer, "88.101/00000001", store.Page{})
		if err != nil || len(past) != 1 {
			w.t.Errorf("%d versions, %v", len(past), err)
		}
		w.idle()
	})
}

func TestACancelledImportOfAWholeFileLeavesNothing(t *testing.T) {
	w := open(t, storetest.SQLite(t), file.OS(), t.TempDir())
	w.bulk()
	defer w.idle()
	w.home("88.101", steel)
	w.published("88.101")
	j, err := w.StartImport(engineer, []byte(big(20_000, 0)), Import{Prefix: "88.101", Template: "1.0.0", Mode: Whole}, "", "test")
	w.must(err)
	for {
		now, err := w.Job(engineer, j.ID)
		w.must(err)
		if now.Done > 24_000 { // it accepts
			break
		}
		time.Sleep(time.Millisecond)
	}
	w.is(w.CancelImport(stranger, j.ID), store.ErrNotFound)
	w.must(w.CancelImport(engineer, j.ID))
	j, _ = w.finished(j.ID)
	if n, err := w.Count(bg, "0.NA/88.101"); err != nil || n != 0 || j.Status != job.Cancelled {
		t.Errorf("%d identifiers are left, %v, %+v", n, err, j)
	}
}

var bulkRows = flag.Int("rows", 50_000, "rows of the benchmark of bulk registration")

// BenchmarkImport registers a file of -rows rows that follow a template, by a job.
func BenchmarkImport(b *testing.B) {
	for b.Loop() {
		w := open(b, storetest.SQLite(b), file.OS(), b.TempDir())
		w.bulk()
		w.home("88.101", steel)
		w.published("88.101")
		data := big(*bulkRows, 0)
		began, before := time.Now(), used()
		_, out := w.load(data, Import{Template: "1.0.0", Mode: Whole}, "")
		took := time.Since(began)
		if out.Accepted != int64(*bulkRows) {
			b.Fatalf("%+v", out)
		}
		b.ReportMetric(float64(*bulkRows)/took.Seconds(), "rows/s")
		b.ReportMetric(float64(used()-before)/float64(*bulkRows)/1000, "cpu-µs/row")
		w.idle()
		w.stop()
	}
}

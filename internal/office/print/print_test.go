package print

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/table"
)

func sample(rows int) *Document {
	t := Table{Name: "任务一览", Columns: []Column{{Name: "编号", Share: 2}, {Name: "任务", Share: 5}, {Name: "期限", Share: 2}, {Name: "金额（元）", Share: 2, Right: true}}}
	for i := range rows {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("TASK-%03d", i+1), "支持企业“上云上平台”，建设工业互联网标识解析二级节点；推动中小企业数字化改造。", "2026-12-31", fmt.Sprintf("%d.00", 1000*i)})
	}
	return &Document{Title: "省工业互联网任务台账", Lang: "zh-CN", Author: "省工业和信息化厅", Header: "省工业互联网任务台账 2026年11月", Footer: "示范数据", At: time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC), Blocks: []Block{
		Heading{1, "省工业互联网任务台账"},
		Paragraph{Text: "根据《深化“互联网+先进制造业”发展工业互联网的实施方案》，现将任务推进情况汇总如下。ＡＢＣ abc 123，Modbus TCP；生僻字：㐀𠀀镕喆。"},
		Pairs{{"牵头部门", "省工业和信息化厅"}, {"责任单位", strings.Repeat("省发展改革委、省科技厅、省财政厅、", 6)}, {"说明", ""}},
		Heading{2, "一、任务"}, t,
		Paragraph{Text: "注：逾期任务以期限当日为准。", Small: true},
		Signatures{{Name: "填报人"}, {Name: "审核人"}, {Name: "主管部门", Seal: true}},
	}}
}

func TestTheSameDocumentGivesTheSameBytes(t *testing.T) {
	a, err := PDF(sample(120))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := PDF(sample(120))
	if !bytes.Equal(a, b) {
		t.Error("two files differ")
	}
	if len(a) > 400_000 {
		t.Errorf("%d bytes: the type is not cut down", len(a))
	}
	if _, err := PDF(&Document{Title: "x", Lang: "en"}); err == nil {
		t.Error("an empty document is printed")
	}
}

// The type is the file that the doc names, so that its licence is known to be the one beside it.
func TestTheTypeIsTheOneThatIsNamed(t *testing.T) {
	sum := sha256.Sum256(regular().data)
	if got := hex.EncodeToString(sum[:]); got != "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16" {
		t.Error(got)
	}
	for _, r := range "经纬，（）％Aé工业互联网縣鎔" {
		if regular().glyph(r) == 0 {
			t.Errorf("the type lacks %c", r)
		}
	}
}

func TestLinesBreakWhereTheyMay(t *testing.T) {
	u := newUsed(regular())
	for s, want := range map[string]string{
		"工业互联网，平台":       "工业互联/网，平台",
		"工业互（联网）":        "工业互/（联网）",
		"Modbus 网关abc":   "Modbus/网关abc",
		"abcdefghijklmn": "abcdefg/hijklmn",
		"一\n二":           "一/二",
		"":               "",
	} {
		if got := strings.Join(u.lines(s, 10, 42_000), "/"); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// Poppler reads the text back, and sees title and pages.
func TestAnotherProgramReadsIt(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (Debian poppler-utils) is not installed")
	}
	data, err := PDF(sample(120))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := string(out)
	flat := strings.Join(strings.Fields(text), "")
	for _, want := range []string{"省工业互联网任务台账", "根据《深化“互联网+先进制造业”发展工业互联网的实施方案》", "TASK-120", "119000.00", "生僻字：㐀𠀀镕喆", "ＡＢＣ", "牵头部门", "主管部门", "（盖章）"} {
		if !strings.Contains(flat, strings.Join(strings.Fields(want), "")) {
			t.Errorf("%q is not in the text", want)
		}
	}
	pages := strings.Count(text, "\f")
	if pages < 3 || !strings.Contains(flat, fmt.Sprintf("第%d页共%d页", pages, pages)) || strings.Count(flat, "编号任务期限金额（元）") != pages && strings.Count(flat, "编号任务期限金额（元）") != pages-1 {
		t.Errorf("%d pages, the heading stands on %d", pages, strings.Count(flat, "编号任务期限金额（元）"))
	}
	if info, err := exec.LookPath("pdfinfo"); err == nil {
		out, err := exec.Command(info, file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "省工业互联网任务台账") || !strings.Contains(string(out), "A4") || strings.Contains(string(out), "rror") {
			t.Errorf("%v: %s", err, out)
		}
	}
}

func TestWorkbook(t *testing.T) {
	data, err := Workbook(sample(3), table.XLSX)
	if err != nil {
		t.Fatal(err)
	}
	sheets, err := table.Read(table.XLSX, data)
	if err != nil || len(sheets) != 1 || sheets[0].Name != "任务一览" || len(sheets[0].Rows) != 3 || sheets[0].Rows[2].Cells[3] != "2000.00" {
		t.Errorf("%+v %v", sheets, err)
	}
	if _, err := Workbook(&Document{Title: "x", Blocks: []Block{Paragraph{Text: "y"}}}, table.XLSX); err == nil {
		t.Error("no table, and no error")
	}
}

// Whatever is written is printed, and a row that is higher than a page ends.
func FuzzPrint(f *testing.F) {
	f.Add("工业\n互联网", "a b", 3)
	f.Add(strings.Repeat("长", 5000), "\x00\xff", 1)
	f.Fuzz(func(t *testing.T, a, b string, n int) {
		if len(a)+len(b) > 20_000 || n < 0 || n > 20 {
			return
		}
		d := &Document{Title: "t" + a, Lang: "zh-CN", Header: a, Footer: b, Blocks: []Block{Heading{1, a}, Pairs{{a, b}}, Paragraph{Text: b}, Table{Columns: []Column{{Name: b}, {Name: a, Share: n}}}, Signatures{{Name: a}}}}
		tab := d.Blocks[3].(Table)
		for range n {
			tab.Rows = append(tab.Rows, []string{a, b, "more"})
		}
		d.Blocks[3] = tab
		if _, err := PDF(d); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzFace(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x01"))
	f.Add(newUsed(regular()).file())
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		_, _ = readFace(data)
	})
}

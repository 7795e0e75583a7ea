package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Finding is something wrong in a data folder or a snapshot: where, what it means for whoever reads the data, and what
// to do.
type Finding struct {
	File   string // path below the data folder
	Offset int64  // in the file; -1 where it is the file as a whole
	What   string // as the store that owns the file words it
	// Warning: nothing is lost; it is told because it is odd.
	Warning bool

	Series     []uuid.UUID // whose samples cannot be read, the first ones; none: not about samples, or All
	SeriesMore int         // how many more
	All        bool        // all series of a block from First to Last
	From, To   int64       // least and greatest source time, ns; both 0 where it is not about samples
	Rows       uint64      // samples that cannot be read, at most; 0: not known

	Means, Mend text.Text
	Newer       bool // a newer program wrote it; it is not damaged
	closed      bool // a block of which nothing can be read
}

// namedSeries bounds the series that a finding lists.
const namedSeries = 20

// Tell words a finding for people, in "zh" or "en".
func (f *Finding) Tell(lang string) string {
	zh := lang == "zh"
	pick := func(z, e string) string {
		if zh {
			return z
		}
		return e
	}
	var b strings.Builder
	kind := pick("损坏", "DAMAGED")
	switch {
	case f.Warning:
		kind = pick("提示", "note")
	case f.Newer:
		kind = pick("版本较新", "NEWER")
	}
	fmt.Fprintf(&b, "%s  %s", kind, f.File)
	if f.Offset >= 0 {
		fmt.Fprintf(&b, pick("，第 %d 字节", ", byte %d"), f.Offset)
	}
	fmt.Fprintf(&b, "\n  %s", f.What)
	if f.From != 0 || f.To != 0 {
		who := pick("该数据块中的全部序列", "all series of the block")
		if !f.All {
			names := make([]string, len(f.Series))
			for i, id := range f.Series {
				names[i] = id.String()
			}
			who = strings.Join(names, ", ")
			if f.SeriesMore > 0 {
				who += fmt.Sprintf(pick(" 等另外 %d 个", " and %d more"), f.SeriesMore)
			}
		}
		fmt.Fprintf(&b, "\n  %s: %s … %s: %s", pick("时段", "span"), moment(f.From), moment(f.To), who)
	}
	if m := f.Means.In(lang); m != "" {
		fmt.Fprintf(&b, "\n  %s", m)
	}
	if m := f.Mend.In(lang); m != "" {
		fmt.Fprintf(&b, "\n  → %s", m)
	}
	return b.String()
}

func moment(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

// also adds a series whose samples the same damage hides.
func (f *Finding) also(id uuid.UUID, from, to int64) {
	f.From, f.To = min(f.From, from), max(f.To, to)
	switch {
	case slices.Contains(f.Series, id):
	case len(f.Series) < namedSeries:
		f.Series = append(f.Series, id)
	default:
		f.SeriesMore++
	}
}

var (
	restoreIt = text.Text{
		Zh: "停止节点，用 jingwei restore 把最近的完好快照恢复到新的空目录。",
		En: "Stop the node and restore the newest good snapshot into a new, empty folder with jingwei restore.",
	}
	mendBlock = text.Text{
		Zh: "有备份时运行 jingwei fsck --mend-from 备份目录，用备份中的同一数据块替换；没有备份时其余数据照常可读，读取这一时段会明确报告数据缺失。",
		En: "With a backup, run jingwei fsck --mend-from REPOSITORY, which puts the same block from it in place. Without one everything else stays readable, and reads of this span say that data are missing.",
	}
	mendClosed = text.Text{
		Zh: "有备份时运行 jingwei fsck --mend-from 备份目录；否则用 jingwei fsck --isolate 移开它：节点照常启动，读取这一时段会报告数据缺失。",
		En: "With a backup, run jingwei fsck --mend-from REPOSITORY; else move it aside with jingwei fsck --isolate: the node starts, and reads of this span say that data are missing.",
	}
	copyAgain = text.Text{
		Zh: "节点完好时再备份一次：缺失或大小不符的数据片会重新写入；内容损坏的数据片请先删除，再备份。此快照在此之前不可用于恢复这个文件。",
		En: "While the node is well, remove the damaged piece and back up again: what is missing is written anew. Until then this snapshot cannot restore this file.",
	}
	newerIt = text.Text{
		Zh: "请使用写入它的较新版本的 jingwei；旧版本不会改动它。",
		En: "Use the newer jingwei that wrote it; this one changes nothing in it.",
	}
)

package backup

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/log"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// tree is what an inspection reads: a data folder, or a snapshot in its repository.
type tree interface {
	// files lists everything, with slashes, in order of names.
	files() ([]listed, error)
	// open opens a file for reading at any place.
	open(name string) (in io.ReaderAt, done func(), err error)
	// records returns the path of the SQLite file; "" where the records are elsewhere.
	records(ctx context.Context) (path string, done func(), err error)
}

type listed struct {
	name  string
	bytes int64
}

// inspection judges a tree.
type inspection struct {
	tree tree
	fs   file.FS
	db   *store.DB // of a data folder whose records are in PostgreSQL; nil else
	tell func(Progress)
	at   Progress

	names    map[string]int64
	told     map[string]bool // files whose damage was found before their content was looked at
	all      []listed
	contents *telemetry.Contents
	series   []telemetry.Series // as far as the records tell; nil: not known
	findings []Finding
	summary  Summary
}

// Summary is what an inspection has seen.
type Summary struct {
	Files   int    `json:"files"`
	Bytes   int64  `json:"bytes,string"`
	Blocks  int    `json:"blocks"`
	Rows    uint64 `json:"rows,string"` // samples read from blocks
	Commits uint64 `json:"commits,string"`
	Series  int    `json:"series"`
}

func (n *inspection) find(f Finding) { n.findings = append(n.findings, f) }

func (n *inspection) phase(name string) {
	n.at.Phase = name
	if n.tell != nil {
		n.tell(n.at)
	}
}

func (n *inspection) done(bytes int64) {
	n.at.Done += bytes
	if n.tell != nil {
		n.tell(n.at)
	}
}

// run looks at everything. The error is what kept it from looking; what is wrong is in findings.
func (n *inspection) run(ctx context.Context) (err error) {
	if n.all, err = n.tree.files(); err != nil {
		return err
	}
	n.names = map[string]int64{}
	for _, f := range n.all {
		n.names[f.name] = f.bytes
		n.at.Total += f.bytes
		n.summary.Files++
		n.summary.Bytes += f.bytes
	}
	for _, step := range []struct {
		name string
		look func(context.Context) error
	}{{"records", n.records}, {telemetryDir, n.telemetry}, {journalDir, n.journal}, {"files", n.plain}, {evidenceDir, n.evidence}} {
		n.phase(step.name)
		if err := step.look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// whole reads a file.
func (n *inspection) whole(name string, limit int64) ([]byte, error) {
	size := n.names[name]
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", name, size, limit)
	}
	in, done, err := n.tree.open(name)
	if err != nil {
		return nil, err
	}
	defer done()
	b := make([]byte, size)
	if k, err := in.ReadAt(b, 0); k < len(b) {
		return nil, err
	}
	return b, nil
}

func (n *inspection) records(ctx context.Context) error {
	if n.told[store.SQLiteFile] || n.told[store.PostgresFile] {
		return nil
	}
	name, done, err := n.tree.records(ctx)
	var damage *DamageError
	if errors.As(err, &damage) {
		n.find(Finding{File: store.SQLiteFile, Offset: -1, What: err.Error(), Means: recordsMean, Mend: restoreIt})
		return nil
	}
	if err != nil {
		return err
	}
	defer done()
	switch {
	case name != "":
		problems, err := store.SQLiteProblems(ctx, name)
		if err != nil {
			return fmt.Errorf("check the records: %w", err)
		}
		for _, p := range problems {
			n.find(Finding{File: store.SQLiteFile, Offset: -1, What: p, Means: recordsMean, Mend: restoreIt})
		}
		if len(problems) == 0 {
			n.series, err = seriesOf(ctx, name)
		}
		n.done(n.names[store.SQLiteFile])
		return err
	case n.names[store.PostgresFile] > 0:
		return n.dump(ctx)
	case n.db != nil:
		n.series, err = seriesIn(ctx, n.db.DB.DB)
		return err
	}
	n.find(Finding{File: store.SQLiteFile, Offset: -1, What: "it is missing", Means: recordsMean, Mend: restoreIt})
	return nil
}

var recordsMean = text.Text{
	Zh: "人员、工厂模型、序列目录等记录在这里；缺了它，节点不能启动。",
	En: "People, the plant model and the catalogue of series are in the records; the node does not start without them.",
}

// dump reads a dump of PostgreSQL to its end; its pieces have been compared with their hashes by then.
func (n *inspection) dump(ctx context.Context) error {
	in, done, err := n.tree.open(store.PostgresFile)
	if err != nil {
		return err
	}
	defer done()
	series, err := seriesOfDump(ctx, io.NewSectionReader(in, 0, n.names[store.PostgresFile]))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		n.find(Finding{File: store.PostgresFile, Offset: -1, What: err.Error(), Means: recordsMean, Mend: restoreIt})
	}
	n.series = series
	n.done(n.names[store.PostgresFile])
	return nil
}

// journal reads every group, and every telemetry record that is not in blocks yet.
func (n *inspection) journal(ctx context.Context) error {
	var parts []log.Part
	for name := range n.told {
		if strings.HasPrefix(name, journalDir+"/") {
			return nil // without one of its files the rest would only be called broken too
		}
	}
	for _, f := range n.all {
		dir, base := path.Split(f.name)
		if dir != journalDir+"/" || !log.IsSegment(base) {
			continue
		}
		in, done, err := n.tree.open(f.name)
		if err != nil {
			return err
		}
		defer done()
		parts = append(parts, log.Part{Name: base, Bytes: f.bytes, Data: in})
	}
	var check *telemetry.RecordCheck
	var cursor uint64
	if n.contents != nil {
		cursor = n.contents.Cursor
	}
	if n.series != nil {
		check = telemetry.NewRecordCheck(n.series)
		n.summary.Series = len(n.series)
	}
	wrong := 0
	report, err := log.Inspect(ctx, parts, func(partition string, c log.Commit, data []byte) error {
		if check == nil || partition != telemetry.Partition || c.Number <= cursor {
			return nil
		}
		if err := check.Check(data); err != nil {
			if wrong++; wrong <= 10 {
				n.find(Finding{File: journalDir, Offset: -1, What: fmt.Sprintf("commit %d: %v", c.Number, err), Means: journalMeans, Mend: restoreIt})
			}
		}
		return nil
	})
	for _, p := range parts {
		n.done(p.Bytes)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err != nil {
		n.find(journalFinding(err))
		return nil
	}
	n.summary.Commits = report.Last
	if report.Unfinished {
		n.find(Finding{File: journalDir, Offset: -1, Warning: true,
			What: fmt.Sprintf("behind commit %d there is the beginning of a group that is not whole", report.Last),
			Means: text.Text{
				Zh: "断电或被杀死的进程会留下这样的痕迹，其中没有已确认的数据；若节点是正常停止的，则最新的记录已损坏。",
				En: "A power cut or a killed process leaves this, and nothing in it was acknowledged; after a clean stop it means that the newest records are damaged.",
			}})
	}
	if n.contents != nil && report.Last < cursor {
		n.find(Finding{File: journalDir, Offset: -1, What: fmt.Sprintf("it ends at commit %d, and the blocks hold commits up to %d", report.Last, cursor), Means: journalMeans, Mend: restoreIt})
	}
	if n.contents != nil && report.First > cursor+1 {
		n.find(Finding{File: journalDir, Offset: -1, What: fmt.Sprintf("it begins at commit %d, and the blocks end at %d", report.First, cursor), Means: journalMeans, Mend: restoreIt})
	}
	return n.cursors()
}

func (n *inspection) cursors() error {
	name := journalDir + "/" + log.CursorsFile
	if _, ok := n.names[name]; !ok {
		return nil
	}
	b, err := n.whole(name, 1<<20)
	if err != nil {
		return n.unreadable(name, err, journalMeans, restoreIt)
	}
	if err := log.CheckCursors(b); err != nil {
		n.find(journalFinding(err))
	}
	return nil
}

var journalMeans = text.Text{
	Zh: "日志里是还没有写成数据块的样本；日志不完整时节点不启动，因为会丢失已确认的数据。",
	En: "The journal holds the samples that are not in blocks yet; the node does not start with a damaged one, because acknowledged data would be lost.",
}

func journalFinding(err error) Finding {
	f := Finding{File: journalDir, Offset: -1, What: err.Error(), Means: journalMeans, Mend: restoreIt}
	var corrupt *log.CorruptError
	var version *log.VersionError
	switch {
	case errors.As(err, &corrupt):
		f.File, f.Offset, f.What = journalDir+"/"+corrupt.Segment, corrupt.Offset, corrupt.Reason
	case errors.As(err, &version):
		f.File, f.What, f.Newer, f.Mend = journalDir+"/"+version.File, version.Reason, true, newerIt
	}
	return f
}

// unreadable notes a file that cannot be read. What the repository calls damaged was found with its pieces.
func (n *inspection) unreadable(name string, err error, means, mend text.Text) error {
	n.find(Finding{File: name, Offset: -1, What: err.Error(), Means: means, Mend: mend})
	return nil
}

var objectName = regexp.MustCompile(`(?:^|/)sha256/[0-9a-f]{2}/([0-9a-f]{64})$`)

// plain checks what tells of itself whether it is whole: objects named by their hash, and the certificate authority.
func (n *inspection) plain(ctx context.Context) error {
	for _, f := range n.all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if m := objectName.FindStringSubmatch(f.name); m != nil {
			if err := n.object(f, m[1]); err != nil {
				return err
			}
		}
		if f.name == "authority/authority.pem" {
			b, err := n.whole(f.name, 1<<20)
			if err == nil {
				_, err = tls.X509KeyPair(b, b)
			}
			if err != nil {
				n.find(Finding{File: f.name, Offset: -1, What: err.Error(), Means: text.Text{
					Zh: "这是节点的证书机构；没有它节点不启动，所有网关都要重新接入。",
					En: "This is the node's certificate authority: without it the node does not start, and every gateway would have to be enrolled anew.",
				}, Mend: restoreIt})
			}
		}
		if !strings.HasPrefix(f.name, journalDir+"/") && !strings.HasPrefix(f.name, telemetryDir+"/") && !strings.HasPrefix(f.name, "records.") {
			n.done(f.bytes)
		}
	}
	return nil
}

func (n *inspection) object(f listed, hash string) error {
	in, done, err := n.tree.open(f.name)
	if err != nil {
		return err
	}
	defer done()
	sum := sha256.New()
	_, err = io.Copy(sum, io.NewSectionReader(in, 0, f.bytes))
	if err == nil && hex.EncodeToString(sum.Sum(nil)) != hash {
		err = errors.New("its content is not what its name says")
	}
	if err != nil {
		n.find(Finding{File: f.name, Offset: -1, What: err.Error(), Means: text.Text{
			Zh: "这是一个文件对象；读取它会报错，其他数据不受影响。", En: "This is an object (a document, a model): reading it fails; nothing else is touched.",
		}, Mend: restoreIt})
	}
	return nil
}

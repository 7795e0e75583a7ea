package backup

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
)

// telemetry reads the table of contents and everything in every block.
func (n *inspection) telemetry(ctx context.Context) error {
	name := telemetryDir + "/" + telemetry.ManifestName
	if n.told[name] {
		return nil
	}
	if _, ok := n.names[name]; !ok {
		blocks := slices.ContainsFunc(n.all, func(f listed) bool { return strings.HasPrefix(f.name, blocksDir()+"/") })
		if blocks || n.names[telemetryDir+"/"+storeLock] > 0 {
			n.find(Finding{File: name, Offset: -1, What: "it is missing", Means: manifestMeans, Mend: restoreIt})
		}
		return nil
	}
	data, err := n.whole(name, 1<<28)
	if err != nil {
		return n.unreadable(name, err, manifestMeans, restoreIt)
	}
	n.done(int64(len(data)))
	if n.contents, err = telemetry.ReadManifest(name, data); err != nil {
		f := Finding{File: name, Offset: -1, What: err.Error(), Means: manifestMeans, Mend: restoreIt}
		if strings.Contains(err.Error(), "format version") {
			f.Newer, f.Mend = true, newerIt
		}
		n.find(f)
		return nil
	}
	named := map[string]bool{}
	for i := range n.contents.Blocks {
		e := &n.contents.Blocks[i]
		named[e.Name] = true
		if err := n.block(ctx, e); err != nil {
			return err
		}
	}
	for _, f := range n.all {
		if dir, base := path.Split(f.name); dir == blocksDir()+"/" && strings.HasSuffix(base, ".jwb") && !named[base] {
			n.find(Finding{File: f.name, Offset: -1, Warning: true, What: "no table of contents names it", Means: text.Text{
				Zh: "中断的写入或合并留下的文件，没有样本只在其中；下次启动时删除。",
				En: "An interrupted flush or merge has left it; no sample is in it alone, and the next start removes it.",
			}})
		}
	}
	return nil
}

var (
	manifestMeans = text.Text{
		Zh: "它是全部数据块的目录；没有它节点不启动。",
		En: "It is the table of contents of all blocks; the node does not start without it.",
	}
	closedMeans = text.Text{
		Zh: "这个数据块整体不可读；节点照常启动，读取这一时段会报告数据缺失。",
		En: "Nothing of this block can be read. The node starts, and reads of this span say that data are missing.",
	}
	pageMeans = text.Text{
		Zh: "这些序列在这一时段的样本不可读，绝不会被当作数据给出；数据块的其余部分照常可读。",
		En: "The samples of these series in this span cannot be read and are never served as data; the rest of the block is.",
	}
	arrivalsMean = text.Text{
		Zh: "样本都可读；只是不能再从提交号追溯到网关批次，这个数据块不再参与合并。",
		En: "All samples can be read; the way back from commit numbers to the gateway's batches is lost, and the block is merged no more.",
	}
)

// block checks one block against the table of contents, and everything in it.
func (n *inspection) block(ctx context.Context, e *telemetry.BlockEntry) error {
	name := blocksDir() + "/" + e.Name
	n.summary.Blocks++
	defer n.done(e.Bytes)
	if n.told[name] {
		return nil
	}
	closed := Finding{File: name, Offset: -1, All: true, From: e.MinTime, To: e.MaxTime, Rows: e.Rows, Means: closedMeans, Mend: mendClosed, closed: true}
	size, ok := n.names[name]
	if !ok {
		closed.What, closed.Mend = "it is missing", mendBlock
		n.find(closed)
		return nil
	}
	if size > block.MaxBytes {
		closed.What = fmt.Sprintf("it has %d bytes, more than a block can have", size)
		n.find(closed)
		return nil
	}
	r, done, err := n.openBlock(name)
	if err == nil {
		defer done()
		err = e.Matches(n.contents.Store, r)
	}
	var damage *block.DamageError
	if err != nil {
		closed.What = err.Error()
		if errors.As(err, &damage) {
			closed.Offset, closed.What = damage.Offset, damage.What
			if strings.HasPrefix(damage.What, "format version") {
				closed.Newer, closed.closed, closed.Mend = true, false, newerIt
			}
		}
		n.find(closed)
		return nil
	}
	places := map[int64]*Finding{}
	var order []int64
	rows, err := r.Verify(ctx, func(d block.Damage) {
		f := places[d.Err.Offset]
		if f == nil {
			f = &Finding{File: name, Offset: d.Err.Offset, What: d.Err.What, From: d.From, To: d.To, Means: pageMeans, Mend: mendBlock}
			if d.Arrivals {
				f.Means, f.From, f.To = arrivalsMean, 0, 0
			}
			places[d.Err.Offset] = f
			order = append(order, d.Err.Offset)
		}
		if !d.Arrivals {
			f.also(d.Series, d.From, d.To)
		}
	})
	if err != nil {
		return err
	}
	n.summary.Rows += rows
	for _, at := range order {
		n.find(*places[at])
	}
	if len(order) == 0 && rows != e.Rows {
		closed.What, closed.closed = fmt.Sprintf("it holds %d samples, and the table of contents says %d", rows, e.Rows), false
		n.find(closed)
	}
	return nil
}

// openBlock maps a block of a data folder, and reads one of a snapshot into memory.
func (n *inspection) openBlock(name string) (*block.Reader, func(), error) {
	if d, ok := n.tree.(*folder); ok {
		r, err := block.Open(n.fs, d.path(name))
		if err != nil {
			return nil, nil, err
		}
		return r, func() { _ = r.Close() }, nil
	}
	data, err := n.whole(name, block.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	r, err := block.Parse(name, data)
	return r, func() {}, err
}

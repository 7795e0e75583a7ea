package block

import (
	"runtime/debug"

	"github.com/google/uuid"
)

// CopyFrame takes the frame of another block's chunk over as it is, without decoding it. Damage is a *DamageError.
func (b *Builder) CopyFrame(ch *Chunk) (id FrameID, err error) {
	defer ch.Block.guard(debug.SetPanicOnFault(true), &err)
	info := frameInfo{rows: uint32(ch.Rows), minTime: ch.MinTime, maxTime: ch.MaxTime, maxGap: uint64(ch.MaxGap),
		minCommit: ch.MinCommit, maxCommit: ch.MaxCommit, notes: ch.Notes}
	for c, p := range ch.pages {
		if info.pages[c], err = b.copyPage(ch.Block, p, columnNames[c]); err != nil {
			return 0, err
		}
	}
	if info.tallies = ch.tallies; info.tallies.step != 0 {
		if info.tallies.page, err = b.copyPage(ch.Block, info.tallies.page, "tallies"); err != nil {
			return 0, err
		}
	}
	return b.addFrame(info), nil
}

// CopyChunk takes the values and the summary of another block's chunk over. id is the copy of its frame.
func (b *Builder) CopyChunk(series uuid.UUID, ch *Chunk, id FrameID) (err error) {
	defer ch.Block.guard(debug.SetPanicOnFault(true), &err)
	p, err := b.copyPage(ch.Block, ch.value, "values")
	if err != nil {
		return err
	}
	parts := ch.parts
	if parts.step != 0 {
		if parts.page, err = b.copyPage(ch.Block, parts.page, "summaries of parts"); err != nil {
			return err
		}
	}
	b.addChunk(series, ch.Type, ch.Plane, id, p, &ch.Summary, parts)
	return nil
}

func (b *Builder) copyPage(r *Reader, p pageRef, what string) (pageRef, error) {
	body, err := r.page(p, what)
	if err != nil {
		return pageRef{}, err
	}
	at := len(b.buf)
	b.buf = append(b.buf, body...)
	return b.page(at), nil
}

package gateway

import (
	"encoding/binary"
	"errors"
	"fmt"

	"jingwei/internal/federate"
)

// Kinds of spool records; the first byte of each. The layout is in docs/formats/link.md.
const (
	recordTable = 1 // number (u32), then a series table as on the link
	recordBatch = 2 // index (u64), table number (u32), rows (u32), oldest gateway time (i64), then a batch as on the link
	recordAside = 3 // refused rows: see appendAside
)

// errRecord is wrapped by errors about a spool record that cannot be read. The journal's checksums have been right, so
// it was written by something else.
var errRecord = errors.New("unreadable spool record")

// batchHead stands before a batch in the spool. Index counts the batches of a spool from 1 without a gap; the
// sequence number on the link is derived from it, because it begins again at 1 in each epoch.
type batchHead struct {
	Index  uint64
	Table  uint32
	Rows   uint32
	Oldest int64
}

const batchHeadBytes = 1 + 8 + 4 + 4 + 8

func (h batchHead) append(dst []byte) []byte {
	dst = append(dst, recordBatch)
	dst = binary.LittleEndian.AppendUint64(dst, h.Index)
	dst = binary.LittleEndian.AppendUint32(dst, h.Table)
	dst = binary.LittleEndian.AppendUint32(dst, h.Rows)
	return binary.LittleEndian.AppendUint64(dst, uint64(h.Oldest))
}

func parseBatch(b []byte) (batchHead, []byte, error) {
	if len(b) < batchHeadBytes || b[0] != recordBatch {
		return batchHead{}, nil, fmt.Errorf("%w: batch of %d bytes", errRecord, len(b))
	}
	return batchHead{
		Index: binary.LittleEndian.Uint64(b[1:]), Table: binary.LittleEndian.Uint32(b[9:]),
		Rows: binary.LittleEndian.Uint32(b[13:]), Oldest: int64(binary.LittleEndian.Uint64(b[17:])),
	}, b[batchHeadBytes:], nil
}

func appendTable(dst []byte, number uint32, t federate.Table) []byte {
	dst = append(dst, recordTable)
	dst = binary.LittleEndian.AppendUint32(dst, number)
	return t.Append(dst)
}

func parseTable(b []byte) (number uint32, table []byte, err error) {
	if len(b) < 5 || b[0] != recordTable {
		return 0, nil, fmt.Errorf("%w: table of %d bytes", errRecord, len(b))
	}
	return binary.LittleEndian.Uint32(b[1:]), b[5:], nil
}

// aside is a quarantine record: rows that the node refused, with the table they need and the reason, complete in itself.
type aside struct {
	Epoch, Seq uint64
	Index      uint64
	Rows       uint32
	Reason     []byte // JSON of federate.Refusal
	Table      []byte
	Body       []byte
}

func (a *aside) append(dst []byte) []byte {
	dst = append(dst, recordAside)
	dst = binary.LittleEndian.AppendUint64(dst, a.Epoch)
	dst = binary.LittleEndian.AppendUint64(dst, a.Seq)
	dst = binary.LittleEndian.AppendUint64(dst, a.Index)
	dst = binary.LittleEndian.AppendUint32(dst, a.Rows)
	for _, p := range [][]byte{a.Reason, a.Table, a.Body} {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(p)))
		dst = append(dst, p...)
	}
	return dst
}

func parseAside(b []byte) (aside, error) {
	var a aside
	if len(b) < 29 || b[0] != recordAside {
		return a, fmt.Errorf("%w: quarantine record of %d bytes", errRecord, len(b))
	}
	a.Epoch, a.Seq = binary.LittleEndian.Uint64(b[1:]), binary.LittleEndian.Uint64(b[9:])
	a.Index, a.Rows = binary.LittleEndian.Uint64(b[17:]), binary.LittleEndian.Uint32(b[25:])
	b = b[29:]
	for _, p := range []*[]byte{&a.Reason, &a.Table, &a.Body} {
		if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
			return a, fmt.Errorf("%w: quarantine record is cut", errRecord)
		}
		n := int(binary.LittleEndian.Uint32(b))
		*p, b = b[4:4+n], b[4+n:]
	}
	if len(b) != 0 {
		return a, fmt.Errorf("%w: %d bytes too many", errRecord, len(b))
	}
	return a, nil
}

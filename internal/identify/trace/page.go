package trace

import (
	"container/list"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A page holds the texts of events that were captured together: a byte for its version, then a zstd frame of each text with its
// length before it. The dictionary is what such texts have in common, so that also a page of one event is small.
const (
	pageVersion = 1
	pageEvents  = 64      // at most
	pageBytes   = 1 << 17 // after which a page is full
	maxPage     = 1 << 28 // bytes of texts in a page
)

//go:embed page.dict
var pageDictionary []byte

const pageDictionaryID = 0x6a770001

var errPage = errors.New("a page of events is damaged")

// pager writes and reads pages.
type pager struct {
	enc *zstd.Encoder
	dec *zstd.Decoder

	mu    sync.Mutex
	order *list.List // of *openPage, the newest first
	open  map[int64]*list.Element
}

type openPage struct {
	num   int64
	texts [][]byte
}

// openPages is how many pages are kept as they were read last.
const openPages = 16

func newPager() (*pager, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(pageDictionaryID, pageDictionary), zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDictRaw(pageDictionaryID, pageDictionary), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage))
	return &pager{enc: enc, dec: dec, order: list.New(), open: map[int64]*list.Element{}}, err
}

// pack writes a page.
func (p *pager) pack(texts [][]byte) []byte {
	var all []byte
	for _, t := range texts {
		all = append(binary.AppendUvarint(all, uint64(len(t))), t...)
	}
	return p.enc.EncodeAll(all, []byte{pageVersion})
}

// unpack reads a page.
func (p *pager) unpack(body []byte) ([][]byte, error) {
	if len(body) == 0 || body[0] != pageVersion {
		return nil, errPage
	}
	all, err := p.dec.DecodeAll(body[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPage, err)
	}
	var texts [][]byte
	for len(all) > 0 {
		n, size := binary.Uvarint(all)
		if size <= 0 || n > uint64(len(all)-size) {
			return nil, errPage
		}
		texts, all = append(texts, all[size:size+int(n)]), all[size+int(n):]
	}
	return texts, nil
}

// text finds the text of an event; read fetches a page.
func (p *pager) text(num int64, slot int, read func(num int64) ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	if e, ok := p.open[num]; ok {
		p.order.MoveToFront(e)
		texts := e.Value.(*openPage).texts
		p.mu.Unlock()
		return at(texts, slot)
	}
	p.mu.Unlock()
	body, err := read(num)
	if err != nil {
		return nil, err
	}
	texts, err := p.unpack(body)
	if err != nil {
		return nil, fmt.Errorf("page %d: %w", num, err)
	}
	p.mu.Lock()
	if _, ok := p.open[num]; !ok {
		p.open[num] = p.order.PushFront(&openPage{num, texts})
		if p.order.Len() > openPages {
			last := p.order.Remove(p.order.Back()).(*openPage)
			delete(p.open, last.num)
		}
	}
	p.mu.Unlock()
	return at(texts, slot)
}

func at(texts [][]byte, slot int) ([]byte, error) {
	if slot < 0 || slot >= len(texts) {
		return nil, errPage
	}
	return texts[slot], nil
}

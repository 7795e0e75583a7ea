package fault

import (
	"math/rand/v2"
	"slices"
)

// node is a file or a directory, apart from its names.
type node struct {
	dir  bool
	mode uint32

	now  content // what is read
	safe content // as of the last successful Datasync

	// What a crash may leave instead of safe: the contents each sector has had since the last successful Datasync,
	// oldest first, and the sizes. Those in lost were forgotten by a failed Datasync: no later one makes them safe.
	dirty map[int64][]*[sectorBytes]byte
	lost  map[int64][]*[sectorBytes]byte
	sizes []int64

	reserved int64 // bytes that count against the limit
	links    int   // names
	opens    int   // handles
}

// content is a sparse file: a page that is not there reads as zero.
type content struct {
	size  int64
	pages map[int64]*[pageBytes]byte
}

func (c *content) read(p []byte, off int64) {
	for len(p) > 0 {
		at := off % pageBytes
		n := min(len(p), int(pageBytes-at))
		if page := c.pages[off/pageBytes]; page != nil {
			copy(p[:n], page[at:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+int64(n)
	}
}

func (c *content) write(p []byte, off int64) {
	if c.pages == nil {
		c.pages = map[int64]*[pageBytes]byte{}
	}
	for len(p) > 0 {
		at := off % pageBytes
		page := c.pages[off/pageBytes]
		if page == nil {
			page = new([pageBytes]byte)
			c.pages[off/pageBytes] = page
		}
		n := copy(page[at:], p)
		p, off = p[n:], off+int64(n)
	}
}

// cut drops what lies behind size.
func (c *content) cut(size int64) {
	c.size = size
	for i, page := range c.pages {
		switch begin := i * pageBytes; {
		case begin >= size:
			delete(c.pages, i)
		case begin+pageBytes > size:
			clear(page[size-begin:])
		}
	}
}

func (n *node) usage() int64 { return n.reserved }

// write puts p at off and remembers what each sector looks like now.
func (n *node) write(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	n.now.write(p, off)
	n.touch(off, off+int64(len(p)))
	if end := off + int64(len(p)); end > n.now.size {
		n.resize(end)
	}
}

func (n *node) touch(from, to int64) {
	if n.dirty == nil {
		n.dirty = map[int64][]*[sectorBytes]byte{}
	}
	for s := from / sectorBytes; s*sectorBytes < to; s++ {
		v := new([sectorBytes]byte)
		n.now.read(v[:], s*sectorBytes)
		n.dirty[s] = append(n.dirty[s], v)
	}
}

func (n *node) resize(size int64) {
	if size == n.now.size {
		return
	}
	if size < n.now.size {
		old := n.now.size
		n.now.cut(size)
		for s := size / sectorBytes; s*sectorBytes < old; s++ { // the bytes cut off read as zero if the file grows again
			if n.now.pages[s*sectorBytes/pageBytes] != nil || n.safe.pages[s*sectorBytes/pageBytes] != nil {
				n.touch(s*sectorBytes, s*sectorBytes+1)
			}
		}
	}
	n.now.size = size
	n.sizes = append(n.sizes, size)
}

// sync makes what is read safe.
func (n *node) sync() {
	var v [sectorBytes]byte
	for s := range n.dirty {
		n.now.read(v[:], s*sectorBytes)
		n.safe.write(v[:], s*sectorBytes)
		delete(n.lost, s)
	}
	clear(n.dirty)
	if n.safe.size > n.now.size {
		n.safe.cut(n.now.size)
	}
	n.safe.size, n.sizes = n.now.size, nil
}

// forget is a Datasync that failed.
func (n *node) forget() {
	if n.lost == nil {
		n.lost = map[int64][]*[sectorBytes]byte{}
	}
	for s, v := range n.dirty {
		n.lost[s] = append(n.lost[s], v...)
	}
	clear(n.dirty)
}

// crash decides what is left. Beside any mixture it often tries the extremes, where most mistakes are found.
func (n *node) crash(rng *rand.Rand) {
	keep := []float64{0, 1, 0.5, 0.9}[rng.IntN(4)]
	sectors := make([]int64, 0, len(n.dirty)+len(n.lost))
	for s := range n.lost {
		sectors = append(sectors, s)
	}
	for s := range n.dirty {
		if n.lost[s] == nil {
			sectors = append(sectors, s)
		}
	}
	slices.Sort(sectors) // the same seed must give the same crash
	for _, s := range sectors {
		versions := slices.Concat(n.lost[s], n.dirty[s])
		if rng.Float64() < keep {
			v := versions[len(versions)-1]
			if rng.IntN(4) == 0 {
				v = versions[rng.IntN(len(versions))]
			}
			n.safe.write(v[:], s*sectorBytes)
		}
	}
	if len(n.sizes) > 0 && keep > 0 {
		if i := rng.IntN(len(n.sizes) + 1); i < len(n.sizes) {
			n.safe.size = n.sizes[i]
		}
		if keep == 1 {
			n.safe.size = n.now.size
		}
	}
	n.safe.cut(n.safe.size)
	n.dirty, n.lost, n.sizes = nil, nil, nil
	n.now = content{size: n.safe.size, pages: make(map[int64]*[pageBytes]byte, len(n.safe.pages))}
	for i, page := range n.safe.pages {
		copied := *page
		n.now.pages[i] = &copied
	}
	n.reserved = up(n.now.size)
}

func up(size int64) int64 { return (size + pageBytes - 1) / pageBytes * pageBytes }

package workload

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"jingwei/data"
)

// Recording is a machine as it was recorded: its signals, column by column.
type Recording struct {
	dir     string
	columns [][]float64 // of one data set all of one length
	digits  []int       // most significant digits of each column
	least   []float64   // of each column
	most    []float64
}

// ReadMill reads the recorded machine tool of data set cnc_mill_wear in dir, or the part of it that ships with the
// product if dir is empty: all columns that are numbers.
func ReadMill(dir string) (*Recording, error) {
	from := data.Files()
	if dir != "" {
		from = os.DirFS(dir)
	}
	r := &Recording{dir: dir}
	if err := r.read(from, "cnc_mill_wear"); err != nil {
		return nil, err
	}
	clear(r.digits) // three: see significant
	return r, nil
}

// ReadReal reads all recorded data sets of dir, or of what ships with the product, side by side as one machine: the
// machine tool (recorded ten times a second), the gas turbine (hourly) and the steel works (every 15 minutes).
func ReadReal(dir string) (*Recording, error) {
	from := data.Files()
	if dir != "" {
		from = os.DirFS(dir)
	}
	r := &Recording{dir: dir}
	for _, dataset := range []string{"cnc_mill_wear", "gas_turbine_emissions", "steel_energy"} {
		if err := r.read(from, dataset); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// read adds the columns of a data set that are numbers.
func (r *Recording) read(from fs.FS, dataset string) error {
	table, err := data.Read(from, dataset)
	if err != nil {
		return err
	}
	before := len(r.columns)
	for c := range table.Columns {
		column, most := make([]float64, len(table.Rows)), 1
		for i, row := range table.Rows {
			if column[i], err = strconv.ParseFloat(row[c], 64); err != nil {
				break
			}
			most = max(most, digitsOf(row[c]))
		}
		if err == nil {
			r.columns = append(r.columns, column)
			r.digits = append(r.digits, most)
			r.least, r.most = append(r.least, slices.Min(column)), append(r.most, slices.Max(column))
		}
	}
	if n := len(r.columns); n == before || n > BatchRows {
		return fmt.Errorf("data set %q has %d columns of numbers, 1 to %d are possible", dataset, n-before, BatchRows-before)
	}
	return nil
}

// digitsOf counts the significant digits of a number as it is written, up to eight.
func digitsOf(s string) int {
	s, _, _ = strings.Cut(strings.TrimLeft(s, "+-0."), "e")
	return min(len(strings.ReplaceAll(s, ".", "")), 8)
}

// Dir is where the recording was read from; empty for what ships with the product.
func (r *Recording) Dir() string { return r.dir }

// replica plays a recording in a loop from a row of its own, each signal scaled and offset, and rounded to as many digits
// as the recording has.
type replica struct {
	number  int
	per     int   // series of a replica
	every   int64 // ns
	most    int   // series of the stream
	random  uint64
	phase   int64      // of its ticks, ns
	latency int64      // least time until its gateway has its values, ns
	row     int        // of the recording at tick 0
	columns [][]uint64 // from that row on, as far as the stream goes
}

func newReplica(s *Spec, number int) *replica {
	r := s.Recording
	m := &replica{number: number, per: s.perDevice(), every: int64(s.every()), most: s.Series(), random: mix(s.Seed ^ mix(uint64(number)))}
	next := func(n uint64) uint64 { m.random = mix(m.random); return m.random % n }
	m.phase = int64(next(100)) * 1e6 * (m.every / 1e8)
	m.latency = 1_500_000 + int64(next(2_000_000))
	m.row = int(next(uint64(len(r.columns[0]))))
	ticks := s.ticks()
	for c, from := range r.columns {
		scale := float64(80+next(45)) / 100
		offset := float64((r.most[c] - r.least[c]) * (float64(next(21))/100 - 0.1))
		column, moves := make([]uint64, min(len(from), ticks)), r.least[c] != r.most[c] // what never moves is a setting, not a signal
		for i := range column {
			x := from[(m.row+i)%len(from)]
			if moves {
				x = significant(float64(x*scale)+offset, r.digits[c])
			}
			column[i] = math.Float64bits(x)
		}
		m.columns = append(m.columns, column)
	}
	return m
}

// significant rounds to n significant decimal digits, three where n is 0.
func significant(x float64, n int) float64 {
	if n == 0 {
		n = 3
	}
	low, high := math.Pow10(n-1), math.Pow10(n)
	a := math.Abs(x)
	if a < 1e-19 || a >= 1e9 {
		return 0
	}
	p := 1.0
	for ; a < low; a *= 10 {
		p *= 10
	}
	if p > 1 {
		return math.Round(float64(x*p)) / p
	}
	for ; a >= high; a /= 10 {
		p *= 10
	}
	return math.Round(x/p) * p
}

// tell implements ticker.
func (m *replica) tell(b *Batch, tick int, shift int64) {
	m.random = m.random*6364136223846793005 + 1442695040888963407
	time := Start + shift + int64(tick)*m.every + m.phase + int64(m.random>>40&3)*1e6
	gateway := time + m.latency + int64(m.random>>42&0xfffff)
	first := m.number * m.per
	for c, column := range m.columns[:min(m.per, m.most-first)] {
		b.add(uint32(first+c), time, gateway, column[tick%len(column)], Good, 0)
	}
}

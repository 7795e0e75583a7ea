package lint

import (
	"fmt"
	"io"
	"os"

	"jingwei/internal/kernel/text"
)

// maxFile bounds what is read of a file; a pack has at most 4 MiB.
const maxFile = 5 << 20

// Files judges files, writes each finding on a line in a language ("zh", "en") and a line of summary for each file, and
// returns how many files are wrong. The error is one of reading or writing.
func Files(w io.Writer, lang string, names []string, o Options) (wrong int, err error) {
	for _, name := range names {
		data, err := read(name)
		if err != nil {
			return wrong, err
		}
		faults, doubts := 0, 0
		for _, f := range Template(name, data, o) {
			if f.Doubt {
				doubts++
			} else {
				faults++
			}
			if _, err := fmt.Fprintln(w, f.In(lang)); err != nil {
				return wrong, err
			}
		}
		if faults > 0 {
			wrong++
		}
		end := text.Text{Zh: fmt.Sprintf("%s：%d 处错误，%d 处提示", name, faults, doubts), En: fmt.Sprintf("%s: %d faults, %d notes", name, faults, doubts)}
		if _, err := fmt.Fprintln(w, end.In(lang)); err != nil {
			return wrong, err
		}
	}
	return wrong, nil
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

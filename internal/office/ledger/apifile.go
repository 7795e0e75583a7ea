package ledger

import (
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/table"
)

// CallerLanguage is embedded in the input of an operation whose answer is written in the caller's language.
type CallerLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

// Language is zh or en.
func (l CallerLanguage) Language() string {
	return string(problem.ParseAcceptLanguage(l.AcceptLanguage))
}

// TableFile is a table as a file to be kept, of the ledger and of the rooms whose money it keeps.
type TableFile struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// NewTableFile is the answer of an operation that Exports describes; name is that of the file without its ending, in ASCII. An error is
// handed on.
func NewTableFile(name string, f table.Format, data []byte, err error) (*TableFile, error) {
	if err != nil {
		return nil, err
	}
	return &TableFile{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}, nil
}

// Exports describes an operation that answers a file.
func Exports(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

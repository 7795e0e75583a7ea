package fact

import (
	"embed"
	"fmt"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed texts/*.yaml
var texts embed.FS

// What a caller may act on.
var (
	ErrKind         = problem.Define("fact-kind-unknown", 422)  // kinds
	ErrField        = problem.Define("fact-field", 422)         // name, reason, mend
	ErrSource       = problem.Define("fact-source", 422)        //
	ErrExternal     = problem.Define("fact-external-id", 422)   // max
	ErrGrade        = problem.Define("fact-grade", 422)         //
	ErrEvidence     = problem.Define("fact-evidence", 422)      // grade, need
	ErrReason       = problem.Define("fact-reason", 422)        // min, max
	ErrSpan         = problem.Define("fact-span", 422)          // from
	ErrDiffers      = problem.Define("fact-differs", 409)       // id, revision, fields
	ErrChanged      = problem.Define("fact-changed", 409)       // revision
	ErrWithdrawn    = problem.Define("fact-withdrawn", 409)     // revision
	ErrSame         = problem.Define("fact-same", 409)          // a revision that says what is said already
	ErrDocument     = problem.Define("fact-document", 422)      // a document that was not handed in
	ErrDocumentType = problem.Define("fact-document-type", 422) // is, allowed
	ErrDocumentName = problem.Define("fact-document-name", 422) // max
	ErrDocumentSize = problem.Define("fact-document-size", 413) // max
	ErrDocuments    = problem.Define("fact-documents", 422)     // max
	ErrFile         = problem.Define("fact-file", 422)          // reason
	ErrTally        = problem.Define("fact-tally-field", 422)   // fields
	ErrPeriod       = problem.Define("fact-period", 422)        //
	ErrSearch       = problem.Define("fact-search", 422)        // fields
	ErrRowsTooMany  = problem.Define("fact-import-rows", 422)   // max
)

func kinds() []*problem.Kind {
	return []*problem.Kind{ErrKind, ErrField, ErrSource, ErrExternal, ErrGrade, ErrEvidence, ErrReason, ErrSpan, ErrDiffers, ErrChanged, ErrWithdrawn, ErrSame,
		ErrDocument, ErrDocumentType, ErrDocumentName, ErrDocumentSize, ErrDocuments, ErrFile, ErrTally, ErrPeriod, ErrSearch, ErrRowsTooMany}
}

// What a grade needs, in words.
var (
	needDocument = text.Text{Zh: "一份已上传的文件或其编号", En: "a document that was handed in, or its number"}
	needParty    = text.Text{Zh: "第三方的名称（by）和其报告或编号", En: "the third party (by) and its report or number"}
	needMeasure  = text.Text{Zh: "reference 写明 series:<序列> 或 figure:<指标>", En: "a reference series:<id> or figure:<id>"}
	needKnown    = text.Text{Zh: "evidence.document 须是该记录的文件之一", En: "evidence.document to be one of the fact's documents"}
	needShort    = text.Text{Zh: "较短的 reference（最多 500 字）和 by（最多 200 字）", En: "a shorter reference (500 characters) and by (200)"}
)

// told makes problems of a record's faults.
func told(at string, faults []*field.Fault) (out []*problem.Error) {
	for _, f := range faults {
		out = append(out, ErrField.At(at+f.Path, f.Value).With("name", f.Name).With("reason", f.Text).With("mend", f.Mend))
	}
	return out
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

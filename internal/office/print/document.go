package print

import "time"

// Document is what is printed.
type Document struct {
	Title  string
	Lang   string // "zh-CN" or "en": of the text, and of what this room adds to it
	Author string // who gives it out
	Header string // top of each page
	Footer string // bottom of each page, beside the number
	At     time.Time
	Blocks []Block
}

// Block is a part of a document: Heading, Paragraph, Pairs, Table, Signatures or Labels.
type Block interface{ set(*setter) }

// Heading begins a section; Level 1 is the document's own, 2 and 3 are below it.
type Heading struct {
	Level int
	Text  string
}

// Paragraph is running text; line breaks in it are kept.
type Paragraph struct {
	Text  string
	Small bool // for notes
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// Pairs are names with their values, in a frame of two columns.
type Pairs []Pair

// Column of a table.
type Column struct {
	Name  string
	Share int  // of the width, beside the other columns; 0 is 1
	Right bool // for numbers
}

// Table breaks across pages; its heading stands on each.
type Table struct {
	Name    string // above it, and of its sheet in a workbook
	Columns []Column
	Rows    [][]string
}

// Slot is room for a signature, or for a seal too.
type Slot struct {
	Name string // 审核人, Reviewer
	Seal bool
}

// Signatures are slots beside each other, three to a row; they are never torn apart.
type Signatures []Slot

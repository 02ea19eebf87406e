package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// source is a file of the product.
type source struct {
	name    string // slash-separated, from the module's root
	content []byte
	marks   []mark
	header  int // offset of the end of the package clause
}

// mark is a check that a comment names.
type mark struct {
	check string
	edits []edit
}

// edit inserts text at an offset.
type edit struct {
	at   int
	text string
}

var marker = regexp.MustCompile(`^//(check|accept):(\S+)$`)

// sources reads the module's files that are not tests.
func sources(root string) ([]source, error) {
	var out []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() {
			if name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || name == "examples" || name == "internal/nocheck") {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(root, name, "go.mod")); err == nil && name != "." {
				return fs.SkipDir // a nested module
			}
			return nil
		}
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		s, err := parse(name, content)
		if err == nil {
			out = append(out, s)
		}
		return err
	})
	return out, err
}

// parse finds the marks of a file.
func parse(name string, content []byte) (source, error) {
	s := source{name: name, content: content}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return s, err
	}
	offset := func(p token.Pos) int { return files.Position(p).Offset }
	s.header = offset(file.Name.End())
	nodes := map[int]ast.Node{} // by line: what can be marked there
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IfStmt, *ast.CaseClause, *ast.FuncDecl:
			nodes[files.Position(n.Pos()).Line] = n
		}
		return true
	})
	for _, group := range file.Comments {
		for _, c := range group.List {
			found := marker.FindStringSubmatch(c.Text)
			if found == nil {
				continue
			}
			at := files.Position(c.Pos())
			fault := func(what string) error { return fmt.Errorf("%s: %s: %s", at, c.Text, what) }
			m := mark{check: found[2]}
			off := fmt.Sprintf("nocheck.Off(%q)", m.check)
			condition := func(e ast.Expr) {
				before := "!" + off + " && ("
				if found[1] == "accept" {
					before = off + " || ("
				}
				m.edits = append(m.edits, edit{offset(e.Pos()), before}, edit{offset(e.End()), ")"})
			}
			switch n := nodes[at.Line].(type) {
			case *ast.IfStmt:
				condition(n.Cond)
			case *ast.CaseClause:
				if len(n.List) == 0 {
					return s, fault("a default has no condition")
				}
				for _, e := range n.List {
					condition(e)
				}
			case *ast.FuncDecl:
				passed, err := passing(n.Type)
				if err != nil || found[1] == "accept" {
					return s, fault("not a function that checks one thing")
				}
				m.edits = append(m.edits, edit{offset(n.Body.Lbrace) + 1, " if " + off + " { return " + passed + " }; "})
			default:
				return s, fault("no if, case or func on this line")
			}
			s.marks = append(s.marks, m)
		}
	}
	return s, nil
}

// passing is what a function returns that found nothing wrong.
func passing(f *ast.FuncType) (string, error) {
	if f.Results == nil {
		return "", nil
	}
	if len(f.Results.List) == 1 {
		switch result, _ := f.Results.List[0].Type.(*ast.Ident); {
		case result == nil:
		case result.Name == "bool":
			return "true", nil
		case result.Name == "error":
			return "nil", nil
		}
	}
	return "", fmt.Errorf("results")
}

// rewritten is the file with a way to turn each of its checks off. The lines keep their numbers.
func (s *source) rewritten() []byte {
	edits := []edit{{s.header, `; import nocheck "github.com/scrutin/scrutin/internal/nocheck/off"`}}
	for _, m := range s.marks {
		edits = append(edits, m.edits...)
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(append(out, s.content[at:e.at]...), e.text...)
		at = e.at
	}
	return append(out, s.content[at:]...)
}

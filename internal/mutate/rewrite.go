//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The kinds of mutants.
const (
	never    = "never"
	inverted = "inverted"
	isTrue   = "true"
	isFalse  = "false"
)

// mutant is one changed condition.
type mutant struct {
	site     int // number of the condition
	kind     string
	file     string // relative to the module
	line     int
	function string
	text     string // of the condition
	nth      int    // among the conditions of this text in this function, from 1

	tests  int    // that reach it
	killer string // the test that failed
}

// key names a mutant; it outlives changes elsewhere in the file.
func (m *mutant) key() string {
	nth := ""
	if m.nth > 1 {
		nth = fmt.Sprintf(" #%d", m.nth)
	}
	return fmt.Sprintf("%s %s: %s%s: %s", m.file, m.function, m.text, nth, m.kind)
}

// module is the module's code with its mutants.
type module struct {
	root     string
	packages []string // directories, relative to root, that have tests
	mutants  []*mutant
	files    map[string][]byte // path on disk -> mutated code
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	Dir, Name                          string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Module                             struct{ Dir string }
}

// load reads the packages of the module and mutates the files that match the patterns.
func load(ctx context.Context, patterns []string) (*module, error) {
	command := exec.CommandContext(ctx, "go", "list", "-json=Dir,Name,GoFiles,TestGoFiles,XTestGoFiles,Module", "github.com/scrutin/scrutin/...")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	m := &module{files: map[string][]byte{}}
	site := 0
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		m.root = p.Module.Dir
		dir, err := filepath.Rel(m.root, p.Dir)
		if err != nil {
			return nil, err
		}
		dir = filepath.ToSlash(dir)
		if strings.HasPrefix(dir, "examples/") || dir == "internal/mutate" {
			continue
		}
		if len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 {
			m.packages = append(m.packages, dir)
		}
		before := len(m.mutants)
		for _, name := range p.GoFiles {
			file := path.Join(dir, name)
			if !slices.ContainsFunc(patterns, func(pattern string) bool { ok, _ := path.Match(pattern, file); return ok }) {
				continue
			}
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				return nil, err
			}
			mutated, mutants, err := rewrite(file, source, &site)
			if err != nil {
				return nil, err
			}
			if len(mutants) > 0 {
				m.files[filepath.Join(p.Dir, name)] = mutated
				m.mutants = append(m.mutants, mutants...)
			}
		}
		if len(m.mutants) > before {
			m.files[filepath.Join(p.Dir, "zz_mutated.go")] = []byte("package " + p.Name + "\n" + runtime)
		}
	}
	if len(m.mutants) == 0 {
		return nil, fmt.Errorf("no condition in files that match %q", patterns)
	}
	return m, nil
}

// runtime is what every mutated package gets.
const runtime = `
import (
	mutatedOS "os"
	mutatedConv "strconv"
	mutatedStrings "strings"
	mutatedSync "sync"
)

var (
	mutatedSite, mutatedKind = func() (int, string) {
		number, kind, _ := mutatedStrings.Cut(mutatedOS.Getenv("SCRUTIN_MUTANT"), ":")
		n, err := mutatedConv.Atoi(number)
		if err != nil {
			return -1, ""
		}
		return n, kind
	}()
	mutatedTrace = mutatedOS.Getenv("SCRUTIN_MUTANT_TRACE")
	mutatedSeen  mutatedSync.Map
)

func mutated(site int, condition bool) bool {
	if mutatedTrace != "" {
		if _, seen := mutatedSeen.LoadOrStore(site, true); !seen {
			f, err := mutatedOS.OpenFile(mutatedTrace, mutatedOS.O_APPEND|mutatedOS.O_CREATE|mutatedOS.O_WRONLY, 0o600)
			if err == nil {
				f.WriteString(mutatedConv.Itoa(site) + "\n")
				f.Close()
			}
		}
	}
	if site != mutatedSite {
		return condition
	}
	switch mutatedKind {
	case "never", "false":
		return false
	case "true":
		return true
	}
	return !condition
}
`

// rewriter finds the conditions of one file.
type rewriter struct {
	file    string
	set     *token.FileSet
	site    *int
	mutants []*mutant
	inserts []insert
	texts   map[string]int
}

// insert is text to put at an offset. Where several are at one offset, they are in order.
type insert struct {
	offset, order int
	text          string
}

// rewrite returns the source with every condition c of a check as mutated(site, c).
func rewrite(file string, source []byte, site *int) ([]byte, []*mutant, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	r := &rewriter{file: file, set: set, site: site}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			name := f.Name.Name
			if f.Recv != nil {
				name = receiver(f.Recv.List[0].Type) + "." + name
			}
			r.texts = map[string]int{}
			r.function(name, f.Type, f.Body)
		}
	}
	slices.SortStableFunc(r.inserts, func(a, b insert) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.order, b.order))
	})
	var out bytes.Buffer
	last := 0
	for _, i := range r.inserts {
		out.Write(source[last:i.offset])
		out.WriteString(i.text)
		last = i.offset
	}
	out.Write(source[last:])
	return out.Bytes(), r.mutants, nil
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// function looks for checks in a function's body; function literals in it are functions of their own.
func (r *rewriter) function(name string, t *ast.FuncType, body *ast.BlockStmt) {
	results := 0
	returnsBool, returnsError := false, false
	if t.Results != nil {
		results = t.Results.NumFields()
		last, _ := t.Results.List[len(t.Results.List)-1].Type.(*ast.Ident)
		returnsBool = last != nil && last.Name == "bool"
		returnsError = last != nil && last.Name == "error"
	}
	// fails reports whether one of the statements says that something is wrong.
	fails := func(list []ast.Stmt) (found bool) {
		for _, s := range list {
			ast.Inspect(s, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncLit:
					return false
				case *ast.ReturnStmt:
					if len(n.Results) == 0 {
						break
					}
					last := n.Results[len(n.Results)-1]
					id, _ := last.(*ast.Ident)
					found = found || returnsError && (id == nil || id.Name != "nil") || returnsBool && id != nil && id.Name == "false"
				case *ast.CallExpr:
					switch called(n) {
					case "Fail", "fail", "refuse", "panic":
						found = true
					}
				case *ast.AssignStmt:
					for _, value := range n.Rhs {
						call, _ := value.(*ast.CallExpr)
						id, _ := value.(*ast.Ident)
						found = found || call != nil && called(call) == "Errorf" || id != nil && strings.HasPrefix(strings.ToLower(id.Name), "err")
					}
				}
				return true
			})
		}
		return found
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			r.function(name, n.Type, n.Body)
			return false
		case *ast.IfStmt:
			if fails(n.Body.List) {
				r.check(name, n.Cond)
			}
		case *ast.SwitchStmt:
			for _, s := range n.Body.List {
				if c := s.(*ast.CaseClause); n.Tag == nil && fails(c.Body) {
					for _, e := range c.List {
						r.check(name, e)
					}
				}
			}
		case *ast.ReturnStmt:
			if returnsBool && len(n.Results) == results {
				r.answer(name, n.Results[results-1])
			}
		}
		return true
	})
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name
	case *ast.Ident:
		return f.Name
	}
	return ""
}

// check mutates the condition of a check, and each operand of an ||.
func (r *rewriter) check(function string, e ast.Expr) {
	r.add(function, e, never, inverted)
	r.operands(function, e, token.LOR, never)
}

// answer mutates a condition that is a result.
func (r *rewriter) answer(function string, e ast.Expr) {
	switch e := e.(type) {
	case *ast.Ident: // a constant or a variable, whose value is somebody else's condition
		return
	case *ast.BinaryExpr, *ast.UnaryExpr, *ast.CallExpr, *ast.ParenExpr:
		r.add(function, e, isTrue, isFalse)
		r.operands(function, e, token.LAND, isTrue)
		r.operands(function, e, token.LOR, isFalse)
	}
}

// operands mutates the operands of e, if that is a chain of the operator.
func (r *rewriter) operands(function string, e ast.Expr, operator token.Token, kind string) {
	b, ok := e.(*ast.BinaryExpr)
	if !ok || b.Op != operator {
		return
	}
	for _, side := range []ast.Expr{b.X, b.Y} {
		if inner, ok := side.(*ast.BinaryExpr); ok && inner.Op == operator {
			r.operands(function, side, operator, kind)
		} else {
			r.add(function, side, kind)
		}
	}
}

func (r *rewriter) add(function string, e ast.Expr, kinds ...string) {
	var text bytes.Buffer
	if err := format.Node(&text, r.set, e); err != nil {
		return
	}
	short := strings.Join(strings.Fields(text.String()), " ")
	site := *r.site
	*r.site++
	r.texts[short]++
	for _, kind := range kinds {
		r.mutants = append(r.mutants, &mutant{
			site: site, kind: kind, file: r.file, line: r.set.Position(e.Pos()).Line,
			function: function, text: short, nth: r.texts[short],
		})
	}
	// The outer of two that begin (or end) together comes first (last); it is the one that was added first.
	r.inserts = append(r.inserts,
		insert{r.set.Position(e.Pos()).Offset, site + 1, fmt.Sprintf("mutated(%d, ", site)},
		insert{r.set.Position(e.End()).Offset, -site - 1, ")"})
}

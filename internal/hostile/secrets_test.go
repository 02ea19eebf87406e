package hostile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"log/slog"
	"math/big"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/kybergroup"
	"github.com/scrutin/scrutin/proof"
	"github.com/scrutin/scrutin/tally"
)

// secrets are values of every type that holds a secret, and what must not be seen of them.
func secrets(t *testing.T) map[string]struct {
	values []any
	hidden []string
} {
	t.Helper()
	e := electiontest.New(t, electiontest.Config{Voters: 2})
	seen := func(b []byte) []string {
		number := new(big.Int).SetBytes(b)
		var list []string
		for _, v := range b {
			list = append(list, fmt.Sprint(v))
		}
		return []string{
			hex.EncodeToString(b)[:24], strings.ToUpper(hex.EncodeToString(b)[:24]), number.String()[:24], fmt.Sprintf("%o", number)[:24],
			base64.StdEncoding.EncodeToString(b)[:24], strings.Join(list[:8], " "), strings.Join(list[:8], ","), string(b),
		}
	}
	scalarBytes := e.Secret.Bytes()
	id := e.Identities[0]
	idBytes := id.Bytes()
	credential := e.Credential(t, 0)
	const option = "library"
	vote := ballot.Choose(option)
	votes := electiontest.Votes(2) // blank; library and school
	sealed := must(credential.Encrypt(votes))
	toSpoil := must(e.Credential(t, 1).Encrypt(votes))
	opening := must(toSpoil.Spoil())
	dir := t.TempDir()
	trustee := must(tally.OpenTrustee(filepath.Join(dir, "trustee"), []byte("correct horse")))
	organiser := must(tally.OpenOrganiser(filepath.Join(dir, "organiser"), []byte("correct horse")))
	witness, _, err := box.GenerateWitnessKey("witness.example.org")
	require.NoError(t, err)
	config := box.Config{Key: e.LogKey}
	watch := box.WitnessConfig{Key: witness}
	x := must(box.Open(filepath.Join(dir, "box"), e.Manifest, box.Config{Verifier: e.Verifier(t), Key: e.LogKey, Signatures: e.Signatures}))
	t.Cleanup(func() { x.Close() })
	w := must(box.OpenWitness(filepath.Join(dir, "witness"), e.Manifest, watch))
	t.Cleanup(func() { w.Close() })
	keyOf := func(key string) []string {
		parts := strings.SplitN(key, "+", 5) // PRIVATE, KEY, name, hash, key
		raw := must(base64.StdEncoding.DecodeString(parts[4]))
		return append(seen(raw[1:]), key, parts[4])
	}

	type list = struct {
		values []any
		hidden []string
	}
	return map[string]list{
		"babyjub.Scalar":       {[]any{e.Secret, &e.Secret}, seen(scalarBytes[:])},
		"kybergroup's scalar":  {[]any{kybergroup.FromScalar(&e.Secret)}, seen(scalarBytes[:])},
		"proof.Identity":       {[]any{id, *id}, append(seen(idBytes[:]), must(id.Export()))},
		"ballot.Credential":    {[]any{credential}, seen(credential.Bytes()[:32])},
		"ballot.Vote":          {[]any{vote, &vote, votes}, []string{option, "school", hex.EncodeToString([]byte(option))}},
		"ballot.Sealed":        {[]any{sealed, *sealed}, append(seen(opening.Bytes()[33:65]), option)},
		"ballot.Opening":       {[]any{opening, *opening}, append(seen(opening.Bytes()[len(opening.Bytes())-32:]), option)},
		"tally.Trustee":        {[]any{trustee, *trustee}, []string{"correct horse"}},
		"tally.Organiser":      {[]any{organiser, *organiser}, []string{"correct horse"}},
		"box.Config":           {[]any{config, &config}, keyOf(e.LogKey)},
		"box.WitnessConfig":    {[]any{watch, &watch}, keyOf(witness)},
		"box.Box":              {[]any{x}, keyOf(e.LogKey)},
		"box.Witness":          {[]any{w}, keyOf(witness)},
		"a statement's prover": {[]any{proof.Prover(e.Key)}, []string{hex.EncodeToString(idBytes[:])}},
	}
}

// exported is what a caller's own type is like.
type exported struct {
	Secret any
	List   []any
	ByName map[string]any
}

// No verb of fmt, no handler of slog and no encoder shows a secret. (%p of what is no pointer and %w of what is no error,
// pointer or not, are beyond a type's reach, and go vet refuses them.)
func TestSecretsDoNotShow(t *testing.T) {
	for name, s := range secrets(t) {
		t.Run(name, func(t *testing.T) {
			var shown bytes.Buffer
			for _, value := range s.values {
				for _, v := range []any{value, []any{value}, map[string]any{"k": value}, exported{value, []any{value}, map[string]any{"k": value}}, &exported{Secret: value}} {
					for _, verb := range "vTtbcdoOqxXUeEfFgGsyZ" {
						for _, flags := range []string{"", "+", "#", " ", "0", "-", "10", ".3"} {
							fmt.Fprintf(&shown, "%"+flags+string(verb)+"\n", v)
						}
					}
					fmt.Fprintln(&shown, v)
					if b, err := json.Marshal(v); err == nil {
						shown.Write(b)
					} else {
						fmt.Fprintln(&shown, err)
					}
					for _, h := range []slog.Handler{
						slog.NewTextHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}),
						slog.NewJSONHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}),
					} {
						l := slog.New(h)
						l.Debug("message", "secret", v)
						l.With("secret", v).Info("message")
						l.WithGroup("group").Error("message", slog.Any("secret", v), slog.Group("inner", "secret", v))
					}
				}
			}
			for _, hidden := range s.hidden {
				require.NotEmpty(t, hidden)
				require.False(t, bytes.Contains(shown.Bytes(), []byte(hidden)), "%q is seen", hidden)
			}
			require.Greater(t, shown.Len(), 1000)
		})
	}
}

// A positive control: the same eye sees what a type shows that does not hide it.
func TestTheEyeSeesWhatIsNotHidden(t *testing.T) {
	s := new(babyjub.Scalar).SetUint64(1)
	b := s.Bytes()
	open := struct{ Key []byte }{b[:]}
	require.Contains(t, fmt.Sprintf("%x", open), hex.EncodeToString(b[:]))
	require.Contains(t, fmt.Sprintf("%v", open), "0 0 0 0")
}

// public are types whose declarations speak of secrets and hold none that a printer could show.
var public = map[string]string{
	"internal/sigma.Proof":    "its commitment and response are sent",
	"internal/sigma.Equality": "its commitments and response are sent",
	"proof/ceremony.Powers":   "powers of a number that nobody knows",
	"proof.Statement":         "its path says who the voter is; path, scope and message are the caller's, in the open",
	"tally.Ceremony":          "the transcript, which is public",
}

// Every exported type whose declaration or documentation speaks of a secret is tried above, or is here with a reason.
func TestEveryTypeThatSpeaksOfASecretIsTried(t *testing.T) {
	tried := secrets(t)
	speaks := regexp.MustCompile(`(?i)secret|babyjub\.Scalar`)
	found := map[string]bool{}
	sources(t, func(pkg, name string, file *ast.File, text []byte) {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(pkg, "test") {
			return
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				typ, ok := s.(*ast.TypeSpec)
				if !ok || !typ.Name.IsExported() || !speaks.MatchString(g.Doc.Text()+typ.Doc.Text()+string(text[typ.Pos()-1:typ.End()-1])) {
					continue
				}
				who := pkg + "." + typ.Name.Name
				found[who] = true
				_, ok = tried[path.Base(pkg)+"."+typ.Name.Name]
				if ok == (public[who] != "") {
					t.Errorf("%s: try it in secrets, or say in public why it has nothing to hide", who)
				}
			}
		}
	})
	require.Greater(t, len(found), 8)
}

package hostile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sources calls f for every Go file of the module that is not for tests or examples, and test files if tests is
// asked for.
func sources(t *testing.T, f func(pkg, name string, file *ast.File, text []byte)) {
	t.Helper()
	const root = "../.."
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == root {
				return nil
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "examples" {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		f(filepath.ToSlash(pkg), d.Name(), file, text)
		return nil
	}))
}

// read are the types of what somebody else sent. A text counts where the function's name says that it reads one.
var (
	read        = regexp.MustCompile(`^(\[\]byte|io\.Reader|io\.ReaderAt|fs\.FS)$`)
	readingText = regexp.MustCompile(`^(Parse|Import|SemaphoreValue|Open)`)
)

// readers are the exported functions and methods that take bytes, a text to parse, a stream or a directory.
func readers(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	sources(t, func(pkg, name string, file *ast.File, text []byte) {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(pkg, "test") || pkg == "internal/lanes" { // which computes, and decodes nothing
			return
		}
		of := func(n ast.Node) string { return string(text[n.Pos()-1 : n.End()-1]) }
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			who := pkg + "."
			if f.Recv != nil {
				who += strings.TrimPrefix(of(f.Recv.List[0].Type), "*") + "."
			}
			for _, p := range f.Type.Params.List {
				if kind := of(p.Type); read.MatchString(kind) || kind == "string" && readingText.MatchString(f.Name.Name) {
					found[who+f.Name.Name] = true
				}
			}
		}
	})
	return found
}

// fuzzed is the text of all fuzz targets, with the name of their package before each.
func fuzzed(t *testing.T) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	sources(t, func(pkg, name string, file *ast.File, text []byte) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasSuffix(name, "_test.go") && strings.HasPrefix(f.Name.Name, "Fuzz") {
				bodies[pkg+"."+f.Name.Name] = string(text[f.Pos()-1 : f.End()-1])
			}
		}
	})
	return bodies
}

// targets names the fuzz target of each reader.
var targets = map[string]string{
	"ballot.ElectionID.UnmarshalText":            "internal/hostile.FuzzEveryDecoder",
	"ballot.ParseBallot":                         "ballot.FuzzParseBallot",
	"ballot.ParseCredential":                     "internal/hostile.FuzzEveryDecoder",
	"ballot.ParseElectionID":                     "internal/hostile.FuzzEveryDecoder",
	"ballot.ParseManifest":                       "ballot.FuzzParseManifest",
	"ballot.ParseOpening":                        "internal/hostile.FuzzEveryDecoder",
	"ballot.ParseSignatures":                     "internal/hostile.FuzzEveryDecoder",
	"ballot.Rulebook.UnmarshalBinary":            "ballot.FuzzRulebookState",
	"ballot.pointHex.UnmarshalText":              "ballot.FuzzParseManifest",
	"ballot.ruleDocument.UnmarshalJSON":          "ballot.FuzzRule",
	"ballot/box.Box.Cast":                        "ballot/box.FuzzCast",
	"ballot/box.Open":                            "ballot/box.FuzzJournal",
	"ballot/box.OpenLog":                         "ballot/box.FuzzBundle",
	"ballot/box.OpenWitness":                     "ballot/box.FuzzWitness",
	"ballot/box.ParseCheckpoint":                 "ballot/box.FuzzParseCheckpoint",
	"ballot/box.ParseEvidence":                   "ballot/box.FuzzParseEvidence",
	"ballot/box.ParseReceipt":                    "ballot/box.FuzzParseReceipt",
	"ballot/box.ParseWitnessKey":                 "ballot/box.FuzzParseWitnessKey",
	"ballot/box.VerifyRefusal":                   "internal/hostile.FuzzEveryDecoder",
	"ballot/box.Witness.Cosign":                  "ballot/box.FuzzWitness",
	"ballot/box.Witness.Mirror":                  "ballot/box.FuzzMirror",
	"census.CSV":                                 "census.FuzzCSV",
	"census.Commitment.UnmarshalText":            "census.FuzzUnmarshalText",
	"census.JSONLines":                           "census.FuzzJSONLines",
	"census.Node.UnmarshalText":                  "internal/hostile.FuzzEveryDecoder",
	"census.Open":                                "census.FuzzOpen",
	"census.ParseCommitment":                     "internal/hostile.FuzzEveryDecoder",
	"census.Read":                                "census.FuzzRead",
	"census.ReadPath":                            "census.FuzzRead",
	"census.Root.UnmarshalText":                  "internal/hostile.FuzzEveryDecoder",
	"elgamal.Ciphertext.SetBytes":                "elgamal.FuzzCiphertext",
	"elgamal.ParsePublicKey":                     "internal/hostile.FuzzEveryDecoder",
	"elgamal.Share.SetBytes":                     "elgamal.FuzzShare",
	"internal/babyjub.Point.SetBytes":            "internal/babyjub.FuzzPointSetBytes",
	"internal/babyjub.Point.SetSubgroupBytes":    "internal/babyjub.FuzzPointSetBytes",
	"internal/babyjub.Scalar.SetBytes":           "internal/babyjub.FuzzScalarSetBytes",
	"internal/kybergroup.point.UnmarshalBinary":  "internal/hostile.FuzzEveryDecoder",
	"internal/kybergroup.scalar.UnmarshalBinary": "internal/hostile.FuzzEveryDecoder",
	"internal/sigma.Equality.SetBytes":           "internal/sigma.FuzzDecode",
	"internal/sigma.Proof.SetBytes":              "internal/sigma.FuzzDecode",
	"internal/wire.Hex32.UnmarshalText":          "internal/hostile.FuzzEveryDecoder",
	"internal/wire.UnmarshalCanonical":           "internal/wire.FuzzUnmarshalCanonical",
	"proof.CheckRegistration":                    "proof.FuzzRegistration",
	"proof.ImportIdentity":                       "proof.FuzzImportIdentity",
	"proof.Nullifier.UnmarshalText":              "internal/hostile.FuzzEveryDecoder",
	"proof.ParseIdentity":                        "internal/hostile.FuzzEveryDecoder",
	"proof.ParseNullifier":                       "internal/hostile.FuzzEveryDecoder",
	"proof.ParseVerifyingKey":                    "proof.FuzzVerifyingKey",
	"proof.SemaphoreProof.UnmarshalJSON":         "proof.FuzzSemaphoreProof",
	"proof.SemaphoreValue":                       "proof.FuzzSemaphoreValue",
	"proof/ceremony.Open":                        "proof/ceremony.FuzzContribution",
	"proof/ceremony.ParseTranscript":             "proof/ceremony.FuzzTranscript",
	"proof/ceremony.ReadPtau":                    "proof/ceremony.FuzzPtau",
	"proof/prover.ReadProvingKey":                "proof/prover.FuzzProvingKey",
	"proof/zkey.Open":                            "proof/zkey.FuzzZkey",
	"tally.Audit":                                "tally.FuzzAuditOfAChangedRecord",
	"tally.Ceremony.Add":                         "tally.FuzzAdd",
	"tally.OpenTrustee":                          "tally.FuzzVault",
	"tally.ParseCeremony":                        "tally.FuzzParseCeremony",
	"tally.ParseEndorsement":                     "tally.FuzzDocuments",
	"tally.ParseResult":                          "tally.FuzzDocuments",
	"tally.ParseShare":                           "tally.FuzzDocuments",
}

// unread take bytes that nobody hostile sends, or hand them on to a reader that has a target.
var unread = map[string]string{
	"ballot/box.CheckConsistency":              "reads tiles, whose hashes must lead to a signed root: FuzzBundle",
	"ballot/box.WitnessKey.Verify":             "an Ed25519 signature, by the standard library",
	"ballot/box.cosigner.Sign":                 "signs a text of our own",
	"ballot/box.directory.Open":                "opens a file by a name of our own",
	"ballot/box/qr.PNG":                        "draws what our own box says",
	"ballot/box/qr.Terminal":                   "draws what our own box says",
	"census.BuildCSV":                          "CSV, then Build",
	"census.BuildJSONLines":                    "JSONLines, then Build",
	"internal/babyjub.Scalar.SetUniformBytes":  "takes the output of a hash, reduced: no value is refused",
	"internal/kybergroup.point.Embed":          "not supported: returns an error at once",
	"internal/kybergroup.point.UnmarshalFrom":  "UnmarshalBinary of 64 bytes",
	"internal/kybergroup.scalar.SetBytes":      "reduces, as kyber wants it: no value is refused",
	"internal/kybergroup.scalar.UnmarshalFrom": "UnmarshalBinary of 32 bytes",
	"internal/transcript.Transcript.Absorb":    "hashes",
	"internal/transcript.Transcript.Derive":    "hashes",
	"internal/transcript.Transcript.Hedge":     "hashes",
	"internal/wire.Hex.UnmarshalText":          "in every document: FuzzUnmarshalCanonical, FuzzDocuments",
	"internal/wire.NewReader":                  "in every binary decoder",
	"internal/wire.Writer.Raw":                 "writes",
	"internal/wire.Writer.Var":                 "writes",
	"proof.Identity.Derive":                    "hashes",
	"proof.Identity.Register":                  "hashes the context",
	"proof.IdentityFromKey":                    "hashes the voter's own key",
	"proof/ceremony.Check":                     "ParseTranscript, then Open",
	"proof/ceremony.OpenPhase1":                "reads contributions as Open does",
	"proof/prover.counter.Write":               "writes",
	"tally.OpenOrganiser":                      "the same file as a trustee's",
	"tally.OpenRecord":                         "a directory to write to",
	"tally.Record.WriteDocument":               "writes",
	"tally.cancellable.Read":                   "fills a buffer of our own",
	"tally.recordDir.Read":                     "fills a buffer of our own",
	"tally.recordFS.Open":                      "opens a file by name: FuzzAuditOfAChangedRecord",
	"tally.recordFile.Read":                    "fills a buffer of our own",
}

// Whatever reads what others send has a fuzz target, by name, or a reason why not.
func TestEveryReaderIsFuzzed(t *testing.T) {
	found, bodies, list := readers(t), fuzzed(t), decoders(t)
	require.Greater(t, len(found), 80)
	for who := range found {
		target, fuzzed := targets[who]
		reason := unread[who]
		if !fuzzed && reason == "" {
			t.Errorf("%s: name its fuzz target in this test, or why it needs none", who)
		}
		require.False(t, fuzzed && reason != "", who)
		if fuzzed {
			require.Contains(t, bodies, target, "the target of %s", who)
		}
	}
	for who := range targets {
		require.Contains(t, found, who, "targets names what is not there")
	}
	for who := range unread {
		require.Contains(t, found, who, "unread names what is not there")
	}
	for _, d := range list {
		require.Contains(t, targets, d.name)
	}
	for who, target := range targets {
		if target == "internal/hostile.FuzzEveryDecoder" {
			require.True(t, slices.ContainsFunc(list, func(d decoder) bool { return d.name == who }), "%s is not among the decoders", who)
		}
	}
}

// FuzzEveryDecoder gives one decoder any bytes, and a good encoding with some of its bytes replaced. It neither
// panics, nor takes long, nor much memory; what is decoded is decoded again.
func FuzzEveryDecoder(f *testing.F) {
	list := decoders(f)
	for i, d := range list {
		f.Add(uint8(i), uint16(0), d.good)
		f.Add(uint8(i), uint16(len(d.good)/2), []byte{0, 1})
		f.Add(uint8(i), uint16(0), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, data []byte) {
		d := list[int(which)%len(list)]
		changed := slices.Clone(d.good)
		copy(changed[min(int(at), len(changed)):], data)
		for _, b := range [][]byte{data, changed} {
			start := time.Now()
			allocated := allocatedBy(func() {
				if d.decode(b) == nil {
					require.NoError(t, d.decode(b))
				}
			})
			require.Less(t, time.Since(start), 20*time.Second)
			require.Less(t, allocated, uint64(64<<20+100*len(b)))
		}
	})
}

// allocatedBy returns how many bytes were allocated while f ran.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

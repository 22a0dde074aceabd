import Access
import ArgumentParser
import Foundation

/// `dipper token`: who may use a server, and how they prove it.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make, list and revoke the tokens and S3 access keys of a server.",
        discussion: """
            A server that runs notices a change of its tokens file within a second. Namespaces are written with dots \
            between their levels; a right over a namespace holds for those inside it, and * stands for everything.
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct FileOptions: ParsableArguments {
        @Option(help: "The file that `dipper serve --tokens-file` reads; made when missing, with FILE.key beside it.")
        var tokensFile: String

        var file: AccessFile { AccessFile(URL(fileURLWithPath: tokensFile).standardizedFileURL.path) }
    }

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token and an S3 access key with the same rights. Both secrets are shown once.")
        @Argument(help: "The client's name; its id as an OAuth client.") var name: String
        @Option(help: "A namespace to read (repeatable).") var read: [String] = []
        @Option(help: "A namespace to read and write (repeatable).") var write: [String] = []
        @OptionGroup var options: FileOptions
        @Flag(help: "Print JSON.") var json = false

        private struct Made: Encodable {
            var name: String
            var token: String
            var accessKeyId: String?
            var secretAccessKey: String?
            var rights: [String]
        }

        func run() throws {
            let grants = try write.map { try Grant(.write, scope: $0) } + read.map { try Grant(.read, scope: $0) }
            guard !grants.isEmpty else {
                throw ValidationError("give at least one --read or --write; '*' is everything")
            }
            let (credential, token) = try Credential.make(name: name, grants: grants)
            var secret: String?
            try options.file.update { credentials in
                guard !credentials.contains(where: { $0.name == name }) else {
                    throw AccessError(
                        code: "token-exists", message: "there is a token called \(name) already",
                        remedy: "revoke it first, or choose another name")
                }
                let secrets = try options.file.makeSecrets()
                secret = credential.accessKeyID.map { secrets.secret(accessKeyID: $0) }
                credentials.append(credential)
            }
            let made = Made(
                name: name, token: token, accessKeyId: credential.accessKeyID, secretAccessKey: secret,
                rights: grants.map(\.description))
            if json { return try Console.json(made) }
            Console.line("token:             \(token)")
            Console.line("access key id:     \(made.accessKeyId ?? "-")")
            Console.line("secret access key: \(secret ?? "-")")
            Console.line("rights:            \(made.rights.joined(separator: " "))")
            Console.status("Keep them: they are not shown again.\n")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens with their rights, without secrets.")
        @OptionGroup var options: FileOptions
        @Flag(help: "Print JSON.") var json = false

        private struct Item: Encodable {
            var name: String
            var accessKeyId: String?
            var rights: [String]
            /// Whether the file holds the token itself; any change of the file by `dipper token` ends that.
            var plain: Bool
        }

        func run() throws {
            let items = try options.file.credentials().map { credential in
                Item(
                    name: credential.name, accessKeyId: credential.accessKeyID,
                    rights: credential.grants.map(\.description), plain: credential.isPlain)
            }
            if json { return try Console.json(items) }
            Console.table(
                ["name", "access key id", "rights", "stored"],
                items.map {
                    [
                        $0.name, $0.accessKeyId ?? "-", $0.rights.joined(separator: " "),
                        $0.plain ? "in clear" : "hashed",
                    ]
                })
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a token and its access key back.")
        @Argument(help: "The client's name.") var name: String
        @OptionGroup var options: FileOptions
        @Flag(help: "Print JSON.") var json = false

        private struct Revoked: Encodable { var revoked: String }

        func run() throws {
            try options.file.update { credentials in
                guard let index = credentials.firstIndex(where: { $0.name == name }) else {
                    throw AccessError(
                        code: "token-unknown", message: "there is no token called \(name)",
                        remedy: "see `dipper token list`")
                }
                credentials.remove(at: index)
            }
            if json { return try Console.json(Revoked(revoked: name)) }
            Console.line("\(name) is let in no more")
        }
    }
}

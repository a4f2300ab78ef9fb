/** The nodes of a connection, without null values. */
export function nodesOf<Node>(edges: readonly ({ node: Node | null } | null)[] | null): Node[] {
  return (edges ?? []).flatMap((edge) => edge?.node ?? [])
}

import * as v from "valibot";

type AnySchema = v.GenericSchema;
export const maybe = <S extends AnySchema>(schema: S): v.OptionalSchema<S, undefined> => v.optional(schema);

/** What a schema of a list takes may be frozen as well. */
type Frozen<T> = T extends readonly (infer Item)[] ? readonly Frozen<Item>[] : T;

/**
 * The schema of one verb's options. It does not compile where it forgets an option of the verb's type,
 * knows one more, or refuses what the type allows.
 */
export function optionsOf<Options>() {
  return <const E extends Record<keyof Options, AnySchema>>(
    entries: E & {
      readonly [K in keyof E]: K extends keyof Options ? ([Options[K]] extends [Frozen<v.InferInput<E[K]>>] ? E[K] : never) : never;
    },
  ): v.StrictObjectSchema<E, undefined> => v.strictObject(entries);
}

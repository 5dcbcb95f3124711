# Activates this environment in fish: `source bin/activate.fish`. `deactivate` undoes it: what was
# unset is unset again, and what was changed in between stays as it was changed. Environments can be
# activated on top of each other.

# The name in the prompt, and the environment's folder: fish tells the path of the file that it reads.
set -l name '@NAME@'
set -l file (status filename | string collect)
set -l root (string replace -r '/bin/[^/]*$' '' -- (builtin realpath -- $file 2>/dev/null | string collect) | string collect)
if not test -f "$root/bin/activate.fish"
    builtin echo "envpack: cannot tell where bin/activate.fish lies: read it by its path, `source PATH/bin/activate.fish`" >&2
    return 1
end
# Executed instead of sourced, it would end without an effect; fish then has no stack to tell of.
if not status stack-trace | string match -q '*'
    builtin echo "envpack: bin/activate.fish changes the shell that reads it: source it (`source $file`) instead of executing it" >&2
    exit 1
end
if not test -f "$root/.envpack/hook.cjs"
    builtin echo "envpack: error[NOT_AN_ENVIRONMENT] this environment is not whole, it lacks $root/.envpack" >&2
    builtin echo 'hint: `cp dir/*` and uploads without hidden files lose what begins with a dot: copy the whole folder (`cp -a dir target`), or unpack the archive again' >&2
    return 1
end
if string match -q '*:*' -- $root
    builtin echo "envpack: error[TARGET_UNSUITABLE] the environment cannot be activated here: PATH cannot hold a folder with \":\" in its path: $root" >&2
    builtin echo 'hint: move it to a folder without ":" in its path' >&2
    return 1
end

# Some readers of zips drop the right to execute: it is given back before anything is started.
if test -f "$root/bin/node"; and not test -x "$root/bin/node"
    sh "$root/bin/envpack" relocate -q </dev/null
end

# A second time on top of itself: begin anew, so that one `deactivate` takes it back.
if set -qg __envpack_depth
    set -l top __envpack_{$__envpack_depth}_root
    test "$$top" = "$root"; and deactivate
end

# Another tool's function of that name comes back when the environment goes.
if not set -qg __envpack_depth; and functions -q deactivate
    functions -c deactivate __envpack_deactivate
end

# __envpack_assign NAME VALUE...: remembers what NAME was, and whether it was exported, and sets it.
function __envpack_assign
    set -l name $argv[1]
    set -l value $argv[2..-1]
    if set -qg $name
        set -g __envpack_{$__envpack_depth}_old_$name $$name
        set -qgx $name; and set -g __envpack_{$__envpack_depth}_export_$name 1
    end
    set -gx $name $value
    set -g __envpack_{$__envpack_depth}_new_$name $value
end

# __envpack_restore NAME: a variable that still has the value it got becomes what it was; from one
# that was changed since, only the part that came from here is cut out.
function __envpack_restore
    set -l name $argv[1]
    set -l old __envpack_{$__envpack_depth}_old_$name
    set -l new __envpack_{$__envpack_depth}_new_$name
    set -l export __envpack_{$__envpack_depth}_export_$name
    if set -qg $name
        if test "$(string escape -- $$name | string join ' ')" = "$(string escape -- $$new | string join ' ')"
            set -eg $name
            if set -qg $export
                set -gx $name $$old
            else if set -qg $old
                set -gu $name $$old
            end
        else if test $name = PATH
            set -l root __envpack_{$__envpack_depth}_root
            if set -l place (contains -i -- $$root/bin $PATH)
                set -e PATH[$place]
            end
        else if test $name = NODE_OPTIONS
            set -l option __envpack_{$__envpack_depth}_option
            set -l rest (string replace -- " $$option " ' ' " $NODE_OPTIONS " | string trim -c ' ' | string collect)
            set -gx NODE_OPTIONS $rest
            test -z "$rest"; and not set -qg $old; and set -eg NODE_OPTIONS
        end
    end
    set -eg $old
    set -eg $new
    set -eg $export
end

function deactivate -d 'Leave the environment that envpack packed'
    for name in PATH NODE_OPTIONS ENVPACK_PREFIX ENVPACK_NAME
        __envpack_restore $name
    end
    for part in root option prompt
        set -eg __envpack_{$__envpack_depth}_$part
    end
    set -g __envpack_depth (math $__envpack_depth - 1)
    test $__envpack_depth -gt 0; and return 0
    set -eg __envpack_depth
    if functions -q __envpack_fish_prompt
        functions -e fish_prompt
        functions -c __envpack_fish_prompt fish_prompt
        functions -e __envpack_fish_prompt
    end
    functions -e __envpack_assign __envpack_restore deactivate
    if functions -q __envpack_deactivate
        functions -c __envpack_deactivate deactivate
        functions -e __envpack_deactivate
    end
    return 0
end

# What NODE_OPTIONS needs to preload the hook. Node splits at spaces; double quotes keep a part
# together, and between them a backslash takes the next character as it is.
set -l option --require=$root/.envpack/hook.cjs
if string match -qr '[ "]' -- $option
    set option '"'(string replace -ar '(["\\\\])' '\\\\$1' -- $option | string collect)'"'
end

set -qg __envpack_depth; or set -g __envpack_depth 0
set -g __envpack_depth (math $__envpack_depth + 1)
set -g __envpack_{$__envpack_depth}_root $root
set -g __envpack_{$__envpack_depth}_option $option
__envpack_assign PATH $root/bin $PATH
__envpack_assign NODE_OPTIONS (string trim -r -c ' ' -- "$option $NODE_OPTIONS" | string collect)
__envpack_assign ENVPACK_PREFIX $root
__envpack_assign ENVPACK_NAME $name

if test -z "$ENVPACK_DISABLE_PROMPT"
    set -g __envpack_{$__envpack_depth}_prompt "($name) "
    if functions -q fish_prompt; and not functions -q __envpack_fish_prompt
        functions -c fish_prompt __envpack_fish_prompt
        function fish_prompt
            set -l last $status
            for depth in (seq $__envpack_depth -1 1)
                set -l prompt __envpack_{$depth}_prompt
                set -q $prompt; and echo -n $$prompt
            end
            # The user's prompt may show the last command's status.
            echo "exit $last" | source
            __envpack_fish_prompt
        end
    end
end
